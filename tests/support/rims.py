"""Makes ``.rim`` files in memory, sound ones and hostile ones, byte by byte."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STEM = "big_model-1.2-py3-none-any"
RIM = f"{STEM}.rim"
WHEEL = f"{STEM}.whl"
DIST_INFO = "big_model-1.2.dist-info"
HOSTING = f"{DIST_INFO}/EXTERNAL-HOSTING.json"
METADATA = f"{DIST_INFO}/METADATA"
URI = f"https://cdn.example/w/{WHEEL}"
SHA256 = "ab" * 32

REGULAR = 0o100644
STORED, DEFLATED = 0, 8


def hosting(**changes: Any) -> dict[str, Any]:
    """The content of EXTERNAL-HOSTING.json; None as a value leaves the key out."""
    values: dict[str, Any] = {
        "version": "1.0",
        "owner": "acme",
        "uri": URI,
        "size": 913,
        "hashes": {"sha256": SHA256},
        "support": "https://acme.example/help",
    }
    values.update(changes)
    return {key: value for key, value in values.items() if value is not None}


def metadata(name: str = "big-model", version: str = "1.2", *more: str) -> bytes:
    """A METADATA file."""
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *more]
    return "".join(f"{line}\n" for line in lines).encode()


def files(changes: Mapping[str, bytes | None] | None = None, **values: Any) -> dict[str, bytes]:
    """The files of a sound ``.rim``.

    :param changes: by path below ``.dist-info``; None leaves a file out.
    :param values: of EXTERNAL-HOSTING.json.
    """
    found: dict[str, bytes | None] = {
        "METADATA": metadata(),
        "WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": b"",
        "EXTERNAL-HOSTING.json": json.dumps(hosting(**values)).encode(),
    }
    found.update(changes or {})
    return {f"{DIST_INFO}/{path}": content for path, content in found.items() if content is not None}


@dataclass(frozen=True)
class Entry:
    """An entry of a zip archive, and where it lies about itself.

    :param central: fields of the central directory that are not what they should be.
    :param local: the same of the entry's own header.
    :param packed: what is there instead of the packed content.
    :param before: bytes in front of its header.
    :param descriptor: what follows the packed content; None is nothing.
    :param at: the offset in the central directory; None is the right one.
    """

    name: str | bytes
    content: bytes = b""
    method: int = STORED
    flags: int = 0
    mode: int = REGULAR
    central: Mapping[str, Any] = field(default_factory=dict)
    local: Mapping[str, Any] = field(default_factory=dict)
    packed: bytes | None = None
    before: bytes = b""
    descriptor: bytes | None = None
    at: int | None = None

    def header(self) -> dict[str, Any]:
        """What both headers should say."""
        return {
            "flags": self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.content),
            "packed": len(self.data),
            "unpacked": len(self.content),
            "name": self.name.encode() if isinstance(self.name, str) else self.name,
            "extra": b"",
        }

    @property
    def data(self) -> bytes:
        """The packed content."""
        if self.packed is not None:
            return self.packed
        return deflate(self.content) if self.method == DEFLATED else self.content


def deflate(content: bytes) -> bytes:
    """A raw deflate stream."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def entries(contents: Mapping[str, bytes], *more: Entry, **changes: Any) -> list[Entry]:
    """Entries for some files, and further ones.

    :param changes: to those of the files.
    """
    return [*(replace(Entry(name, content), **changes) for name, content in contents.items()), *more]


def archive(
    members: Iterable[Entry],
    *,
    gap: bytes = b"",
    comment: bytes = b"",
    end: Mapping[str, int] | None = None,
) -> bytes:
    """A zip archive.

    :param gap: bytes between the last entry and the directory.
    :param end: fields of the end record that are not what they should be.
    """
    body, directory = b"", b""
    count = 0
    for member in members:
        body += member.before
        offset = len(body) if member.at is None else member.at
        local = {**member.header(), **member.local}
        if member.descriptor is not None and not member.local:
            local.update(crc=0, packed=0, unpacked=0)
        sizes = [local["crc"], local["packed"], local["unpacked"], len(local["name"]), len(local["extra"])]
        kind = [20, local["flags"], local["method"], 0, 33]
        body += struct.pack("<4s5H3L2H", b"PK\x03\x04", *kind, *sizes)
        body += local["name"] + local["extra"] + member.data + (member.descriptor or b"")
        central = {"needed": 20, "mode": member.mode, "offset": offset, **member.header(), **member.central}
        lengths = [len(central["name"]), len(central["extra"])]
        sizes = [central["crc"], central["packed"], central["unpacked"], *lengths]
        kind = [0x0314, central["needed"], central["flags"], central["method"], 0, 33]
        place = [0, 0, 0, central["mode"] << 16, central["offset"]]
        directory += struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *kind, *sizes, *place)
        directory += central["name"] + central["extra"]
        count += 1
    body += gap
    last = {"disk": 0, "first": 0, "here": count, "count": count, "size": len(directory), "offset": len(body)}
    last.update(end or {})
    return body + directory + struct.pack("<4s4H2LH", b"PK\x05\x06", *last.values(), len(comment)) + comment


def rim(changes: Mapping[str, bytes | None] | None = None, **values: Any) -> bytes:
    """A ``.rim``, sound unless told otherwise; see :func:`files`."""
    return archive(entries(files(changes, **values)))
