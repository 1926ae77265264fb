"""Reads the ``.dist-info`` of a wheel (wheel specification), and nothing else of it."""

from __future__ import annotations

import errno
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from rim_router.rim.archive import MAX_UNPACKED, mode_fault, path_fault
from rim_router.rim.faults import quoted
from rim_router.rim.filename import dist_info_of

if TYPE_CHECKING:
    from rim_router.rim.filename import WheelName

# What the standard library raises for broken archives; the last ones are of numbers that make no sense.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OverflowError,
    struct.error,
)
_REQUIRED = ("METADATA", "WHEEL", "RECORD")


def read_dist_info(wheel: BinaryIO, name: WheelName, faults: list[str]) -> tuple[str, dict[str, bytes]]:
    """The files of a wheel's ``.dist-info``, at most 32 MiB of them.

    The rest of the wheel is not unpacked: it can be gigabytes, and its digest says all there is to say.

    :param wheel: open for reading, and seekable.
    :param faults: receives every fault.
    :returns: the name of the directory, and its files by path below it; what is at fault is not among them.
    :raises OSError: from the file.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            directory = dist_info_of(archive.namelist(), name, faults)
            if directory is None:
                return "", {}
            files = _files(archive, directory + "/", faults)
    except _BROKEN as error:
        faults.append(f"is not a wheel that can be read: {error}")
        return "", {}
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        # Older Pythons seek to where a broken archive tells them to, which can be before its beginning.
        faults.append("is not a wheel that can be read: it is cut off")
        return "", {}
    faults += [f"has no {each} in {quoted(directory)}" for each in _REQUIRED if each not in files]
    return directory, files


def _files(archive: zipfile.ZipFile, prefix: str, faults: list[str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    left = MAX_UNPACKED
    for info in archive.infolist():
        if not info.filename.startswith(prefix) or info.is_dir():
            continue
        path = info.filename[len(prefix) :]
        fault = path_fault(info.filename) or mode_fault(info.external_attr >> 16, directory=False)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            fault = "is neither stored nor deflated"
        if path in files:
            fault = "is there more than once"
        if fault is not None:
            faults.append(f"{quoted(info.filename)} {fault}")
            continue
        with archive.open(info) as file:
            files[path] = file.read(left + 1)
        left -= len(files[path])
        if left < 0:
            faults.append(f"{quoted(prefix[:-1])} unpacks to more than {MAX_UNPACKED // 1024 // 1024} MiB")
            break
    return files
