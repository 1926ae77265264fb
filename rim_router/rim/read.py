"""Reads a ``.rim`` file, gathering everything that is wrong with it (PEP 759; reference: .rim files)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from rim_router.rim import hosting
from rim_router.rim.archive import MAX_SIZE, unpack
from rim_router.rim.faults import RimError, quoted
from rim_router.rim.filename import WheelName, dist_info_of
from rim_router.rim.metadata import difference, judge_metadata
from rim_router.rules.digests import STRONG
from rim_router.rules.names import RIM_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Rim:
    """A sound ``.rim`` file.

    :param filename: its own name.
    :param wheel: what the name of the wheel says: file name, project, version, build tag, tags.
    :param owner: the organisation that hosts the wheel; printable.
    :param uri: where the wheel is; https. Its query can be a secret: show it through ``urls.redact``.
    :param size: of the wheel, in bytes.
    :param hashes: of the wheel, algorithm to lower-case hexadecimal digest; at least one is strong.
    :param support: a contact, if one is given; printable.
    :param dist_info: the name of the ``.dist-info`` directory.
    :param files: what is in it but ``EXTERNAL-HOSTING.json``, by path below it; METADATA always is.
    """

    filename: str
    wheel: WheelName
    owner: str
    uri: str
    size: int
    hashes: Mapping[str, str] = field(hash=False)
    support: str | None
    dist_info: str
    files: Mapping[str, bytes] = field(repr=False, hash=False)

    @property
    def name(self) -> str:
        """The normalised name of the project."""
        return self.wheel.project

    @property
    def version(self) -> str:
        """The normalised version (PEP 440)."""
        return self.wheel.version

    @property
    def build(self) -> str:
        """The build tag as written; empty for none."""
        return self.wheel.build

    @property
    def tags(self) -> tuple[str, ...]:
        """Each tag of the file name, such as ``py3-none-any``, sorted."""
        return self.wheel.tags

    @property
    def wheel_filename(self) -> str:
        """The name of the wheel that it stands for."""
        return self.wheel.filename

    @property
    def strong_hashes(self) -> dict[str, str]:
        """Those hashes that count (reference: External files)."""
        return {name: digest for name, digest in self.hashes.items() if name in STRONG}

    @property
    def metadata(self) -> bytes:
        """The METADATA file."""
        return self.files["METADATA"]

    @property
    def advice(self) -> str:
        """Whom to turn to when the wheel cannot be had, as a sentence (PEP 759, resiliency)."""
        hosted = f"{self.wheel_filename} is hosted by {self.owner}"
        contact = "names no support contact" if self.support is None else f"can be reached at {self.support}"
        return f"{hosted}, who {contact}; do not report this to the index"


def read(source: bytes | BinaryIO, filename: str) -> Rim:
    """Read a ``.rim`` file.

    :param source: its bytes, or a file that is open for reading; no more than the limit is read from it.
    :param filename: its name, without directories.
    :raises RimError: with every fault.
    :raises OSError: from the file.
    """
    faults: list[str] = []
    wheel = _wheel_name(filename, faults)
    data = source if isinstance(source, bytes) else _read_up_to(source, MAX_SIZE + 1)
    if len(data) > MAX_SIZE:
        raise RimError(filename, [*faults, f"is larger than {MAX_SIZE // 1024 // 1024} MiB"])
    before = len(faults)
    names, contents = unpack(data, faults)
    if not names and len(faults) > before:
        raise RimError(filename, faults)
    directory = dist_info_of(names, wheel, faults)
    faults += [
        f"{quoted(name)} is outside the .dist-info directory"
        for name in names
        if not name.partition("/")[0].endswith(".dist-info") or "/" not in name
    ]
    found = None
    if directory is not None:
        found = _judge_contents(directory, names, contents, wheel, faults)
    if faults or wheel is None or directory is None or found is None:
        raise RimError(filename, faults)
    start = len(directory) + 1
    return Rim(
        filename=filename,
        wheel=wheel,
        owner=found.owner,
        uri=found.uri,
        size=found.size,
        hashes=found.hashes,
        support=found.support,
        dist_info=directory,
        files={name[start:]: each for name, each in contents.items() if name[start:] != hosting.FILE},
    )


def agrees(rim: Rim, wheel_metadata: bytes) -> str | None:
    """Whether the METADATA that served the resolver is that of the wheel which was then downloaded.

    :param wheel_metadata: the wheel's own METADATA.
    :returns: None if they agree (byte for byte), else how they differ, as a sentence.
    """
    return difference(rim.metadata, wheel_metadata)


def _wheel_name(filename: str, faults: list[str]) -> WheelName | None:
    try:
        return WheelName.parse(filename, RIM_SUFFIX)
    except ValueError as error:
        faults.append(str(error))
        return None


def _read_up_to(file: BinaryIO, size: int) -> bytes:
    # One read of an unbuffered file or of a socket may give less than there is.
    parts = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _judge_contents(
    directory: str,
    names: list[str],
    contents: Mapping[str, bytes],
    wheel: WheelName | None,
    faults: list[str],
) -> hosting.Hosting | None:
    """Gather what is wrong with the two files that must be there."""
    found = None
    for required in ("METADATA", hosting.FILE):
        path = f"{directory}/{required}"
        if path not in names:
            faults.append(f"has no {required} in {quoted(directory)}")
        elif path not in contents:
            continue  # it is there and cannot be unpacked, which is a fault already
        elif required == "METADATA":
            judge_metadata(contents[path], wheel, faults)
        else:
            found = hosting.parse(contents[path], None if wheel is None else wheel.filename, faults)
    return found
