"""What a person sees in her browser when it has brought her answer home.

Called by `cli.account_authorise`.
Never shows anything that came with the request.
Standards: HTML as browsers read it; no script, nothing from elsewhere.
Fails never.
"""

from __future__ import annotations

import html
from typing import Final

from hato.core.language import Language, Text

DONE: Final = Text(
    en="Hato has the answer. Go back to the terminal to see what came of it; this window can be "
    "closed.",
    ja="鳩が答えを受け取りました。端末に戻って結果を確認してください。"
    "このウィンドウは閉じて構いません。",
)
REFUSED: Final = Text(
    en="There is nothing here. Use the address that the terminal shows.",
    ja="ここには何もありません。端末に表示されたアドレスを使ってください。",
)

_PAGE: Final = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Hato</title>
<style>
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34em; margin: 15vh auto }}
@media (prefers-color-scheme: dark) {{ body {{ background: #111; color: #eee }} }}
</style>
<h1>Hato 鳩</h1>
<p>{words}</p>
</html>
"""


def page(text: Text, language: Language) -> str:
    """Return a page with one sentence."""
    words = html.escape(text.in_language(language))
    return _PAGE.format(language=language.value, words=words)
