"""Takes apart the zip archive of a ``.rim`` without trusting a single number in it (reference: .rim files).

The standard library's reader looks for an archive anywhere in a file and believes its directory. This
one wants a file that is one archive from the first byte to the last, in which every byte belongs to
one entry, so that no two programs can see different things in it.
"""

from __future__ import annotations

import re
import stat
import struct
import unicodedata
import zlib
from dataclasses import dataclass, field

from rim_router.rim.faults import quoted

MAX_SIZE = 4 * 1024 * 1024
"""Bytes that a ``.rim`` may have."""
MAX_UNPACKED = 32 * 1024 * 1024
"""Bytes that all entries together may have."""
MAX_ENTRIES = 1000
MAX_PATH = 500
"""Characters that the path of an entry may have."""
MAX_RATIO = 100
"""How many times its packed size an entry may have; files of ``.dist-info`` stay far below."""

# A small file can compress better than any ratio that would be a sensible limit for a large one.
_RATIO_STARTS = 64 * 1024
_END = struct.Struct("<4s4H2LH")
# Times, and who made it on which disk, are skipped.
_CENTRAL = struct.Struct("<4s2x3H4x3L3H4x2L")
_LOCAL = struct.Struct("<4s2x2H4x3L2H")
_SIZES = struct.Struct("<3L")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_DESCRIPTOR, _UTF8 = 0x0008, 0x0800
_KNOWN_FLAGS = 0x0006 | _DESCRIPTOR | _UTF8  # the first two say how hard the packer tried
_ZIP64_FIELD, _NAME_FIELD = 0x0001, 0x7075
_NO_ARCHIVE = "is not a zip archive, or is cut off"
# 6.3 is what the zip specification wants for UTF-8 names; anything above is for exotic features.
_NEWEST_FORMAT = 63
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class _Entry:
    """An entry as the central directory has it."""

    raw_name: bytes
    needed: int
    flags: int
    method: int
    crc: int
    packed: int
    unpacked: int
    mode: int
    offset: int
    extra: bytes = field(repr=False)

    @property
    def name(self) -> str:
        # Bytes that are not UTF-8 are a fault of their own; here they are only to be shown.
        return self.raw_name.decode("utf-8", "backslashreplace")


def unpack(data: bytes, faults: list[str]) -> tuple[list[str], dict[str, bytes]]:
    """Unpack an archive of at most :data:`MAX_SIZE` bytes in memory.

    :param faults: receives every fault.
    :returns: the names of all entries, and the content of those files that are sound in themselves.
    """
    entries = _central_directory(data, faults)
    sound = {entry.offset: entry for entry in entries if not _judge(entry, faults)}
    # Longer ones are at fault already; judging each of their parts would take long.
    _judge_names([entry.name for entry in entries if len(entry.name) <= MAX_PATH], faults)
    contents: dict[str, bytes] = {}
    left = MAX_UNPACKED
    for entry, packed in _layout(data, entries, faults):
        if sound.get(entry.offset) is not entry or left < 0:
            continue
        content, fault = _content(entry, packed, left)
        left -= len(content)
        if fault is not None:
            faults.append(fault)
        elif not entry.name.endswith("/"):
            contents[entry.name] = content
        elif content:
            faults.append(f"{quoted(entry.name)} is a directory with content")
    return [entry.name for entry in entries], contents


def path_fault(name: str) -> str | None:
    """Why a path must not be in an archive, as a sentence without its subject."""
    if len(name) > MAX_PATH:
        return f"has a path of more than {MAX_PATH} characters"
    if "\\" in name:
        return "has a backslash in its path"
    if name.startswith("/") or _DRIVE.match(name):
        return "has an absolute path"
    segments = name[:-1].split("/") if name.endswith("/") else name.split("/")
    if ".." in segments:
        return "has '..' in its path"
    if "." in segments or "" in segments:
        return "has an empty part or '.' in its path"
    if not name.isprintable():
        return "has characters in its path that cannot be printed"
    return None


def mode_fault(mode: int, *, directory: bool) -> str | None:
    """Why an entry of this Unix file type must not be in an archive, as a sentence without its subject."""
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFLNK:
        return "is a symbolic link"
    if kind not in (0, stat.S_IFDIR if directory else stat.S_IFREG):
        return "is not a regular file"
    return None


def _central_directory(data: bytes, faults: list[str]) -> list[_Entry]:
    end = _end(data)
    if isinstance(end, str):
        faults.append(end)
        return []
    count, position = end
    entries: list[_Entry] = []
    last = len(data) - _END.size
    for _ in range(count):
        if not data.startswith(b"PK\x01\x02", position, last) or position + _CENTRAL.size > last:
            faults.append(f"has a zip directory that is broken after {len(entries):,} of {count:,} entries")
            return entries
        _, needed, flags, method, crc, packed, unpacked, name, extra, comment, attributes, offset = (
            _CENTRAL.unpack_from(data, position)
        )
        position += _CENTRAL.size
        fields = data[position + name : position + name + extra]
        raw_name = data[position : position + name]
        mode = attributes >> 16
        entries.append(_Entry(raw_name, needed, flags, method, crc, packed, unpacked, mode, offset, fields))
        position += name + extra + comment
    if position != last:
        faults.append(f"has a zip directory that does not end after its {count:,} entries")
    return entries


def _end(data: bytes) -> tuple[int, int] | str:
    """How many entries the directory has and where it begins, or why the file is no archive."""
    start = len(data) - _END.size
    if start < 0 or not data.startswith(b"PK\x05\x06", start):
        if b"PK\x05\x06" in data:
            return "has a comment or other data after the zip archive"
        return _NO_ARCHIVE
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack_from(data, start)
    if 0xFFFF in (here, count) or 0xFFFFFFFF in (size, offset):
        return "is a ZIP64 archive, which no file of its size has to be"
    if disk or first_disk or here != count:
        return "is a part of a multi-part zip archive"
    if comment:
        return _NO_ARCHIVE
    if offset + size != start:
        return "has data before the zip archive" if offset + size < start else _NO_ARCHIVE
    if count > MAX_ENTRIES:
        return f"has {count:,} entries; {MAX_ENTRIES:,} are allowed"
    return count, offset


def _judge(entry: _Entry, faults: list[str]) -> bool:
    """Gather what is wrong with one entry by itself; whether anything is."""
    directory = entry.name.endswith("/")
    found = [path_fault(entry.name), mode_fault(entry.mode, directory=directory), _name_fault(entry)]
    if entry.flags & _ENCRYPTED:
        found.append("is encrypted")
    elif entry.flags & ~_KNOWN_FLAGS or entry.needed > _NEWEST_FORMAT:
        found.append("uses a feature of zip that is not known here")
    if entry.method not in (_STORED, _DEFLATED):
        found.append(f"is packed with method {entry.method}; only stored (0) and deflated (8) are allowed")
    if entry.method == _STORED and entry.packed != entry.unpacked:
        found.append("is stored and declares two sizes")
    found.append(_extra_fault(entry.extra))
    what = [f"{quoted(entry.name)} {fault}" for fault in found if fault is not None]
    faults += what
    return bool(what)


def _name_fault(entry: _Entry) -> str | None:
    try:
        entry.raw_name.decode("utf-8" if entry.flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        return "has a name that is neither ASCII nor marked UTF-8"
    return None


def _extra_fault(extra: bytes) -> str | None:
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        if kind == _ZIP64_FIELD:
            return "is a ZIP64 entry, which no file of its size has to be"
        if kind == _NAME_FIELD:
            return "has a second name"
        position += 4 + length
    return None if position == len(extra) else "has a broken extra field"


def _judge_names(names: list[str], faults: list[str]) -> None:
    """No two entries may be one file to a file system that ignores case or the form of letters."""
    seen: dict[str, str] = {}
    for name in names:
        key = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).rstrip("/")
        if key not in seen:
            seen[key] = name
        elif seen[key] == name:
            faults.append(f"{quoted(name)} is there more than once")
        else:
            faults.append(f"{quoted(seen[key])} and {quoted(name)} are the same name to some file systems")
    files = {key for key, name in seen.items() if not name.endswith("/")}
    for key, name in seen.items():
        if any(key[: slash.start()] in files for slash in re.finditer("/", key)):
            faults.append(f"{quoted(name)} lies below a file")


def _layout(data: bytes, entries: list[_Entry], faults: list[str]) -> list[tuple[_Entry, bytes]]:
    """The packed bytes of the entries, which must follow each other without gaps from the first byte on."""
    if not entries:
        return []
    end = _end(data)
    directory = end[1] if isinstance(end, tuple) else 0
    found: list[tuple[_Entry, bytes]] = []
    expected = 0
    for entry in sorted(entries, key=lambda each: each.offset):
        shown = quoted(entry.name)
        if entry.offset < expected:
            faults.append(f"{shown} overlaps another entry")
            continue
        if entry.offset > expected:
            faults.append(f"{entry.offset - expected:,} bytes before {shown} belong to no entry")
        start, fault = _local(data, entry, directory)
        if fault is not None:
            faults.append(f"{shown} {fault}")
            expected = max(expected, min(start + entry.packed, directory))
            continue
        found.append((entry, data[start : start + entry.packed]))
        expected = start + entry.packed + _descriptor_size(data, entry, start + entry.packed, directory)
    if expected < directory:
        faults.append(f"{directory - expected:,} bytes before the zip directory belong to no entry")
    return found


def _local(data: bytes, entry: _Entry, directory: int) -> tuple[int, str | None]:
    """Where the packed bytes of an entry begin, and why its own header is not to be trusted."""
    if entry.offset + _LOCAL.size > directory or not data.startswith(b"PK\x03\x04", entry.offset):
        return entry.offset, "has no header at its place"
    _, flags, method, crc, packed, unpacked, name, extra = _LOCAL.unpack_from(data, entry.offset)
    start = entry.offset + _LOCAL.size + name + extra
    if start + entry.packed > directory:
        return start, "does not end before the zip directory"
    raw_name = data[entry.offset + _LOCAL.size : start - extra]
    if raw_name != entry.raw_name:
        return start, f"is {quoted(raw_name.decode('utf-8', 'backslashreplace'))} in its own header"
    sizes = (crc, packed, unpacked)
    promised = (entry.crc, entry.packed, entry.unpacked)
    late = bool(flags & _DESCRIPTOR) and sizes == (0, 0, 0)
    if (flags, method) != (entry.flags, entry.method) or (sizes != promised and not late):
        return start, "has a header that disagrees with the zip directory"
    if flags & _DESCRIPTOR and not _descriptor_size(data, entry, start + entry.packed, directory):
        return start, "has no data descriptor that agrees with the zip directory"
    return start, _extra_fault(data[start - extra : start])


def _descriptor_size(data: bytes, entry: _Entry, position: int, directory: int) -> int:
    """How many bytes after the packed ones say again what the directory says; 0 if none do or none should."""
    if not entry.flags & _DESCRIPTOR:
        return 0
    sizes = _SIZES.pack(entry.crc, entry.packed, entry.unpacked)
    forms = (b"PK\x07\x08" + sizes, sizes)
    return next((len(form) for form in forms if data.startswith(form, position, directory)), 0)


def _content(entry: _Entry, packed: bytes, left: int) -> tuple[bytes, str | None]:
    """Unpack an entry; at most one byte more than allowed comes into being.

    :param left: bytes that may still be unpacked from the whole archive.
    """
    shown = quoted(entry.name)
    most = max(_RATIO_STARTS, MAX_RATIO * len(packed))
    content, whole = packed, True
    if entry.method == _DEFLATED:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = inflater.decompress(packed, min(most, left) + 1)
        except zlib.error:
            return b"", f"{shown} is broken: its packed bytes are not a deflate stream"
        whole = inflater.eof and not inflater.unused_data
    fault = None
    if len(content) > left:
        fault = f"unpacks to more than {MAX_UNPACKED // 1024 // 1024} MiB"
    elif len(content) > most:
        fault = f"{shown} unpacks to more than {MAX_RATIO} times its packed size"
    elif not whole:
        fault = f"{shown} is broken: its packed bytes do not end where they should"
    elif len(content) != entry.unpacked:
        fault = f"{shown} unpacks to {len(content):,} bytes and declares {entry.unpacked:,}"
    elif zlib.crc32(content) != entry.crc:
        fault = f"{shown} is broken: its checksum is wrong"
    return content, fault
