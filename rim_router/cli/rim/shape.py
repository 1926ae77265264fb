# ruff: noqa: FA100 -- these annotations are read at run time, on Python 3.9 too
"""The shapes of what ``rim-router rim … --json`` prints."""

from typing import Optional, TypedDict


class Rim(TypedDict):
    """What a sound .rim file says.

    :param name: of the project, normalised.
    :param version: normalised.
    :param build: the build tag as written; null if there is none.
    :param tags: each tag of the file name, sorted.
    :param wheel: the file name of the wheel it stands for.
    :param owner: the organisation that hosts the wheel.
    :param support: its contact; null if none is given.
    :param uri: where the wheel is, redacted.
    :param size: of the wheel, in bytes.
    :param hashes: of the wheel, algorithm to hexadecimal digest.
    :param files: what is in its .dist-info directory, sorted.
    """

    name: str
    version: str
    build: Optional[str]
    tags: list[str]
    wheel: str
    owner: str
    support: Optional[str]
    uri: str
    size: int
    hashes: dict[str, str]
    files: list[str]


class RimInspectReport(TypedDict):
    """What ``rim-router rim inspect --json`` prints.

    :param version: of this shape: 1.
    :param file: as on the command line.
    :param faults: what makes the file malformed.
    :param rim: what it says; null if there are faults.
    """

    version: int
    file: str
    faults: list[str]
    rim: Optional[Rim]


class RimVerifyReport(TypedDict):
    """What ``rim-router rim verify --json`` prints.

    :param version: of this shape: 1.
    :param file: as on the command line.
    :param faults: what makes the file malformed; nothing is downloaded then.
    :param rim: what it says; null if there are faults.
    :param verified: whether the wheel is there and has the size, the digests and the METADATA it should.
    :param problem: why it is not verified; null if it is, or if there are faults.
    :param hosts: the hosts that were asked, redirect targets included, in order.
    """

    version: int
    file: str
    faults: list[str]
    rim: Optional[Rim]
    verified: bool
    problem: Optional[str]
    hosts: list[str]
