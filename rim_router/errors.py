"""Everything that can go wrong, under one root, in the shape of pip's own diagnostics.

What an error says has names, reasons and URLs from tables, pages and servers in it. Its attributes have them
as they are; its text shows each in one line, and harmless (see :mod:`rim_router.terminal`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.record import Record
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class Where(Record):
    """A place in a table file: the file, the key (dotted, as written) and the 1-based line."""

    file: Path | str
    key: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = str(self.file)
        if self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        return visible(place if self.key is None else f"{place}, {self.key}")


class RimRouterError(Exception):
    """The root of all errors of rim-router.

    :param message: what is wrong, in one sentence.
    :param where: the place in a file that is to blame, if one is.
    :param hint: what to do about it.
    :param notes: further facts, one a line.
    """

    reference = "rim-router-error"

    def __init__(
        self,
        message: str,
        *,
        where: Where | None = None,
        hint: str | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.notes = tuple(notes)

    def __str__(self) -> str:
        lines = [self.message if self.where is None else f"{self.where}: {self.message}"]
        lines += [f"  note: {note}" for note in self.notes]
        if self.hint is not None:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(map(visible, lines))


class LocationError(RimRouterError):
    """A table file is missing, unreadable or not to be trusted (spec section 2)."""

    reference = "routing-table-location"


class GuardedIndexError(RimRouterError):
    """An index URL with ``rim+`` in front cannot be used as it is given."""

    reference = "guarded-index"


class UnclaimedError(RimRouterError):
    """No route claims a project, and pip has no index of its own for it."""

    reference = "unclaimed-project"


class Fault(Record):
    """One thing that is wrong in a table file."""

    message: str
    where: Where
    hint: str | None = None

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}"
        return visible(text if self.hint is None else f"{text} ({self.hint})")

    def at(self, line: int | None) -> Fault:
        """The same fault with its line filled in."""
        return self.replaced(where=self.where.replaced(line=line))


class TableError(RimRouterError):
    """One or more table files are not valid; carries every fault found (spec sections 2 and 3)."""

    reference = "invalid-routing-table"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        what = "a fault" if count == 1 else f"{count} faults"
        super().__init__(
            f"The routing table has {what}:",
            notes=[str(fault) for fault in self.faults],
            hint="correct it; `rim-router check` shows every fault",
        )

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {fault}" for fault in self.faults)])


class UnsupportedPipError(RimRouterError):
    """The hook points of this pip are not as expected (spec section 1, fail closed)."""

    reference = "unsupported-pip"


class DeniedError(RimRouterError):
    """The table denies this project (spec section 3, ``deny``)."""

    reference = "denied-project"


class IndexFailedError(RimRouterError):
    """The index of a claimed name did not answer as an index (spec section 4, rule 3).

    :param unreachable: whether a mirror may be tried instead (no answer, or 5xx).
    """

    reference = "index-failed"

    def __init__(
        self,
        message: str,
        *,
        unreachable: bool = False,
        where: Where | None = None,
        hint: str | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        super().__init__(message, where=where, hint=hint, notes=notes)
        self.unreachable = unreachable


class QuarantinedError(IndexFailedError):
    """The index of a claimed name has quarantined the project (PEP 792)."""

    reference = "quarantined-project"


class RefusedReferenceError(RimRouterError):
    """A direct reference to a claimed name is not allowed (spec section 4, rule 5)."""

    reference = "refused-direct-reference"


class RefusedFileError(RimRouterError):
    """No file of a claimed name may be used (spec section 5, rules 1 and 2)."""

    reference = "refused-external-file"


class RefusedDistributionError(RimRouterError):
    """A distribution is not whose it should be, or brings what it may not (spec section 4, rules 7 and 8)."""

    reference = "refused-distribution"


class RefusedHostError(RimRouterError):
    """A host may not be asked for a file (spec section 5, rules 7 and 8)."""

    reference = "refused-host"


class ContradictionError(RimRouterError):
    """Two sources give different digests for one file (spec section 5, rules 2 to 4)."""

    reference = "contradicting-digests"


class DownloadError(RimRouterError):
    """A file could not be had, or what came was another file (spec section 5, rule 9)."""

    reference = "failed-download"


class NamespaceError(RimRouterError):
    """An index does not own the namespace that a route asks for (PEP 752)."""

    reference = "namespace-not-owned"
