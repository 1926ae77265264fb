"""Where a line of a table comes from: its layer, its file and its place in it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rim_router.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable

LAYERS = ("central", "machine", "user", "environment", "project", "command")


class Source(Record):
    """Where a line of the table comes from.

    :param layer: one of :data:`LAYERS`.
    :param file: the file as it is shown.
    :param key: the path of keys in the file.
    :param line_of: finds the 1-based line of a key path; asked only when a line is shown.
    """

    layer: str
    file: str
    key: tuple[str, ...] = ()
    line_of: Callable[[tuple[str, ...]], int | None] | None = None
    _uncompared: ClassVar[tuple[str, ...]] = ("line_of",)

    @property
    def line(self) -> int | None:
        """The 1-based line of the key, if it can be told."""
        return None if self.line_of is None else self.line_of(self.key)

    def __str__(self) -> str:
        line = self.line
        return self.file if line is None else f"{self.file}:{line}"
