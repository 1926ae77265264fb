# ruff: noqa: FA100 -- these annotations are read at run time, on Python 3.9 too
"""The shape of what ``rim-router pin --json`` prints."""

from typing import Optional, TypedDict

from rim_router.cli.shapes import Place


class PinnedFile(TypedDict):
    """A file that pip would use, and that needs a pin.

    :param name: of the project, normalised.
    :param version: normalised.
    :param filename: what the pin is for.
    :param url: where it is, without credentials and query.
    :param size: in bytes; null if nobody says.
    :param digests: algorithm to hexadecimal digest, as they are now.
    :param state: "added", "unchanged", "updated" (accepted with --update) or "changed" (not accepted).
    :param pinned: the digests that it was pinned with before; null if it was not.
    :param place: where that pin is written; null if there is none.
    """

    name: str
    version: str
    filename: str
    url: str
    size: Optional[int]
    digests: dict[str, str]
    state: str
    pinned: Optional[dict[str, str]]
    place: Optional[Place]


class PinReport(TypedDict):
    """What ``rim-router pin --json`` prints.

    :param version: of this shape: 1.
    :param file: the lock file, as messages show it.
    :param written: whether it was written; it is not with --dry-run, nor if nothing changed.
    :param pins: the files that pip would use and that need a pin, in the order of the lock file.
    :param hosts: the hosts that were asked besides those that pip asked, redirect targets included, in order.
    """

    version: int
    file: str
    written: bool
    pins: list[PinnedFile]
    hosts: list[str]
