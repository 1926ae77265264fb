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


_VARIABLE = "RIM_ROUTER_"  # what faults in variables have in the place of a file


class RimRouterError(Exception):
    """The root of all errors of rim-router.

    :param message: what is wrong, in one sentence.
    :param where: the place in a file that is to blame, if one is.
    :param hint: what to do about it.
    :param notes: further facts, one a line.
    :param entry: the lines of a file that the hint says to write.
    """

    reference = "rim-router-error"

    def __init__(
        self,
        message: str,
        *,
        where: Where | None = None,
        hint: str | None = None,
        notes: Iterable[str] = (),
        entry: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.entry = tuple(entry)
        self.where = where
        self.hint = hint
        self.notes = tuple(notes)

    def __str__(self) -> str:
        lines = [self.message if self.where is None else f"{self.where}: {self.message}"]
        lines += [f"  note: {note}" for note in self.notes]
        if self.hint is not None:
            lines.append(f"  hint: {self.hint}")
        lines += [f"    {line}" for line in self.entry]
        return "\n".join(map(visible, lines))


class LocationError(RimRouterError):
    """A table file is missing, unreadable or not trusted (reference: Discovery and precedence)."""

    reference = "routing-table-location"


class GuardedIndexError(RimRouterError):
    """An index URL with ``rim+`` in front cannot be used as it is given."""

    reference = "guarded-index"


class UnclaimedError(RimRouterError):
    """No route claims a project, and pip has no index of its own for it."""

    reference = "unclaimed-project"


class MustBeRoutedError(RimRouterError):
    """pip would not be routed here, and has to be."""

    reference = "must-be-routed"


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
    """One or more table files have errors; all of them are listed (reference: The table)."""

    reference = "invalid-routing-table"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        count = len(self.faults)
        what, them = ("an error", "it") if count == 1 else (f"{count} errors", "these")
        files = {str(fault.where.file) for fault in self.faults}
        variables = sorted(file for file in files if file.startswith(_VARIABLE))
        named = " and ".join(variables)
        subject, hint = "The routing table has", f"fix {them}, then run: rim-router check"
        if variables and len(variables) == len(files):
            subject = f"{named} {'has' if len(variables) == 1 else 'have'}"
            hint = f"correct {named}, or unset it"
        elif variables:  # what is set for one command only is not seen by another one
            hint = f"fix {them}, then run, with {named} as it is to be: rim-router check"
        super().__init__(f"{subject} {what}:", notes=[str(fault) for fault in self.faults], hint=hint)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {fault}" for fault in self.faults)])


class UnsupportedPipError(RimRouterError):
    """The hook points of this pip are not as expected (reference: Hook points)."""

    reference = "unsupported-pip"


class DeniedError(RimRouterError):
    """The table denies this project (reference: [routes])."""

    reference = "denied-project"


class IndexFailedError(RimRouterError):
    """The index of a claimed name failed, or did not answer as an index (reference: Look-ups, rule 3).

    :param unreachable: whether a mirror may be tried instead (no answer, or 5xx).
    :param moved: whether it redirects to where nobody may be sent.
    """

    reference = "index-failed"

    def __init__(
        self,
        message: str,
        *,
        unreachable: bool = False,
        moved: bool = False,
        where: Where | None = None,
        hint: str | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        super().__init__(message, where=where, hint=hint, notes=notes)
        self.unreachable = unreachable
        self.moved = moved


class StatusError(IndexFailedError):
    """The status of a project on its index is one that the policy refuses (PEP 792)."""

    reference = "refused-status"


class QuarantinedError(StatusError):
    """The index of a claimed name has quarantined the project (PEP 792)."""

    reference = "quarantined-project"


class RefusedReferenceError(RimRouterError):
    """A direct reference to a claimed name is not allowed (reference: Look-ups, rule 6)."""

    reference = "refused-direct-reference"


class RefusedFileError(RimRouterError):
    """No file of a claimed name may be used (reference: Which files may be used)."""

    reference = "refused-external-file"


class RefusedDistributionError(RimRouterError):
    """A distribution is not the right project, or has files that it may not have."""

    reference = "refused-distribution"


class RefusedHostError(RimRouterError):
    """A host may not be asked for a file (reference: Redirects)."""

    reference = "refused-host"


class ContradictionError(RimRouterError):
    """Two sources give different digests for one file (reference: What is verified)."""

    reference = "contradicting-digests"


class DownloadError(RimRouterError):
    """A file could not be downloaded, or another file came (reference: Several places)."""

    reference = "failed-download"


class NamespaceError(RimRouterError):
    """An index does not own the namespace that a route asks for (PEP 752)."""

    reference = "namespace-not-owned"
