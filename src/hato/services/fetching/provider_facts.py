"""What the table of providers says that matters while fetching: steps, and time between logins.

Called by the fetching service and the command line.
Never reads the table before somebody asks; never fails for want of a row.
Standards: none.
Fails never: a table that cannot be read is as an empty one, and is logged.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from hato.core.errors import InvalidInputError
from hato.core.language import Text
from hato.core.log import log
from hato.services.settings_finder.provider_table import Provider, read_provider_table


class ProviderFacts:
    """Rows by the id that a source keeps."""

    def __init__(self, operators: Path | None = None) -> None:
        """`operators`: a file whose rows go before Hato's own."""
        self._operators = operators

    def steps(self, provider_id: str) -> tuple[Text, ...]:
        """Return what is to be done at a provider before its mail can be fetched."""
        row = self._rows.get(provider_id) if provider_id else None
        return tuple(step.text() for step in row.steps) if row is not None else ()

    def least_seconds(self, provider_id: str) -> int:
        """Return the least time between two logins that a provider wants; 0: none is known."""
        row = self._rows.get(provider_id) if provider_id else None
        return 60 * row.least_minutes_between_logins if row is not None else 0

    @cached_property
    def _rows(self) -> dict[str, Provider]:
        try:
            return {row.id: row for row in read_provider_table(self._operators).rows}
        except InvalidInputError as fault:
            log.error("provider-table-unreadable", reason=str(fault))
            return {}
