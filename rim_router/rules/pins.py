"""Pins: the digests that files hosted elsewhere must have, by file name (reference: Pins). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.record import Record
from rim_router.rules.names import canonical_filename

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rim_router.rules.source import Source


class Pin(Record):
    """What one file must be, whichever index or host offers it.

    :param name: of the project, normalised.
    :param version: as written.
    :param filename: as it is at the end of a URL, unquoted; a pin is for exactly this name.
    :param url: where the file was when it was pinned; it has no credentials.
    :param size: in bytes; None if it is not known.
    :param digests: strong algorithms to hexadecimal digests, both in lower case; never empty.
    :param source: where the pin is written; the highest layer's if several have it.
    """

    name: str
    version: str
    filename: str
    url: str
    size: int | None
    digests: Mapping[str, str]
    source: Source

    def contradiction(self, digests: Mapping[str, str], size: int | None = None) -> str | None:
        """In what a file of this name is not the one that was pinned, as far as both are known.

        :param digests: algorithm to hexadecimal digest in lower case.
        :returns: an algorithm or ``"size"``; None if nothing contradicts the pin.
        """
        for algorithm, digest in self.digests.items():
            if digests.get(algorithm, digest) != digest:
                return algorithm
        return "size" if None not in (size, self.size) and size != self.size else None


class Pins:
    """The pins in force, by file name.

    :param pins: one for each file name, however that is spelt.
    :raises ValueError: if there are two.
    :ivar projects: the normalised names of the projects that have some.
    """

    def __init__(self, pins: Iterable[Pin] = ()) -> None:
        self._by_filename: dict[str, Pin] = {}
        for pin in pins:
            if self._by_filename.setdefault(canonical_filename(pin.filename), pin) is not pin:
                raise ValueError(f"two pins for {pin.filename}")
        self.projects = frozenset(pin.name for pin in self._by_filename.values())

    def get(self, filename: str) -> Pin | None:
        """The pin for a file name; None if it is not pinned."""
        return self._by_filename.get(canonical_filename(filename)) if self._by_filename else None

    def __iter__(self) -> Iterator[Pin]:
        return iter(self._by_filename.values())

    def __len__(self) -> int:
        return len(self._by_filename)


NO_PINS = Pins()
