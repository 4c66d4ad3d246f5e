"""Every test claims something, and none waits by the clock."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import Module, made_up, project_modules

Function = ast.FunctionDef | ast.AsyncFunctionDef
CLAIMING_CALLS = frozenset({"raises", "warns", "fail"})


def functions_of(module: Module) -> Iterator[Function]:
    """Yield every function and method of a module."""
    for node in ast.walk(module.tree):
        if isinstance(node, Function):
            yield node


def called_names(function: Function) -> set[str]:
    """Return the names of what a function calls, without what stands before the last dot."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = node.func
            names.add(called.attr if isinstance(called, ast.Attribute) else ast.unparse(called))
    return names


def claims(function: Function) -> bool:
    """Tell whether a function itself can fail because of what it saw."""
    return any(
        isinstance(node, ast.Raise) or (isinstance(node, ast.Assert) and not _is_empty(node))
        for node in ast.walk(function)
    ) or bool(called_names(function) & CLAIMING_CALLS)


def _is_empty(node: ast.Assert) -> bool:
    return isinstance(node.test, ast.Constant) and bool(node.test.value)


def idle_tests(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each test that neither claims something nor calls, on whatever way, what does."""
    functions = [(module, f) for module in modules for f in functions_of(module)]
    claiming = {function.name for _, function in functions if claims(function)}
    calls = {(m.path, f.lineno): called_names(f) for m, f in functions}
    while True:
        more = {f.name for m, f in functions if calls[m.path, f.lineno] & claiming} - claiming
        if not more:
            break
        claiming |= more
    for module, function in functions:
        if function.name.startswith("test_") and function.name not in claiming:
            yield f"{module.place(function.lineno)}: {function.name} claims nothing"


def sleeps(modules: Iterable[Module]) -> Iterator[str]:
    """Yield each place in a test file that sleeps instead of waiting for what it needs.

    What tests run beside themselves (the load of the model test, say) may take its time.
    """
    for module in modules:
        if not module.name.rpartition(".")[2].startswith("test_"):
            continue
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call) or ast.unparse(node) == "asyncio.sleep(0)":
                continue
            if ast.unparse(node.func).split(".")[-1] == "sleep":
                yield f"{module.place(node.lineno)}: a test waits for conditions, not for time"


def test_every_test_claims_something() -> None:
    assert list(idle_tests(project_modules("src", "tests"))) == []


def test_no_test_sleeps() -> None:
    assert list(sleeps(project_modules("tests"))) == []


def test_a_sleep_is_noticed() -> None:
    assert list(sleeps([made_up("tests.unit.test_x", "time.sleep(1)")]))
    assert list(sleeps([made_up("tests.unit.test_x", "asyncio.sleep(0.1)")]))


@pytest.mark.parametrize(
    "text",
    [
        "def test_nothing():\n    serve()\n",
        "def test_truth():\n    assert True\n",
        "def serve():\n    return 1\ndef test_call():\n    serve()\n",
    ],
)
def test_an_idle_test_is_noticed(text: str) -> None:
    assert list(idle_tests([made_up("tests.unit.test_x", text)]))


def test_a_test_that_calls_what_claims_is_left_alone() -> None:
    text = "def expect(x):\n    assert x\ndef test_call():\n    deliver()\n    page.expect(1)\n"
    assert list(idle_tests([made_up("tests.unit.test_x", text)])) == []
