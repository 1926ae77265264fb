"""Writes ``.rim`` files, and the wheels of nothing but metadata that stand in for resolving (PEP 759)."""

from __future__ import annotations

import hashlib
import io
import stat
import zipfile
from typing import TYPE_CHECKING, BinaryIO

from rim_router.rim import hosting
from rim_router.rim.archive import MAX_SIZE
from rim_router.rim.faults import DismountError, RimError
from rim_router.rim.filename import WheelName
from rim_router.rim.metadata import judge_metadata
from rim_router.rim.read import read
from rim_router.rim.wheel import read_dist_info

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rim_router.rim.read import Rim

_CHUNK = 1024 * 1024


def dismount(wheel: BinaryIO, filename: str, *, uri: str, owner: str, support: str | None = None) -> bytes:
    """Turn a wheel into the ``.rim`` that stands for it.

    It has the wheel's ``.dist-info`` as it is, and ``EXTERNAL-HOSTING.json`` with size and sha256. Same
    input, same bytes, whatever the platform and the versions of Python and zlib: entries are sorted,
    have a fixed time and fixed permissions, and are stored. (Only a ``.dist-info`` that would be over the
    4 MiB of a ``.rim`` that way is deflated, and then zlib's version matters.)

    :param wheel: open for reading, and seekable; it is read once for the digest, whatever its size.
    :param filename: the wheel's, without directories.
    :param uri: where the wheel will be: https, with the same file name.
    :param owner: the organisation that hosts it.
    :param support: a contact for when it cannot be downloaded.
    :raises DismountError: with everything that keeps the wheel from being one, or the arguments from being
        right; what is returned is always accepted by :func:`~rim_router.rim.read.read`.
    :raises OSError: from the file.
    """
    try:
        name = WheelName.parse(filename)
    except ValueError as error:
        raise DismountError(filename, [str(error)]) from None
    faults = hosting.uri_faults(uri, name.filename) + hosting.text_faults("owner", owner)
    if support is not None:
        faults += hosting.text_faults("support", support)
    directory, files = read_dist_info(wheel, name, faults)
    if "METADATA" in files:
        judge_metadata(files["METADATA"], name, faults)
    if hosting.FILE in files:
        faults.append(f"has {hosting.FILE} already")
    if faults:
        raise DismountError(filename, faults)
    size, digest = _measure(wheel)
    files[hosting.FILE] = hosting.Hosting(owner, uri, size, {"sha256": digest}, support).dump()
    return _written(name, {f"{directory}/{path}": content for path, content in files.items()})


def stub_wheel(rim: Rim) -> bytes:
    """A wheel that has only a ``.dist-info``, for pip's metadata backends to read METADATA from.

    The ``.rim`` itself would almost do, but its bytes come from a stranger: these are written anew, so
    that no other zip reader has to be as careful. WHEEL, which older pips want to see, is made up if the
    ``.rim`` has none. It must never be installed: RECORD lists files that are not there. Save it as
    ``rim.wheel_filename``.
    """
    files = dict(rim.files)
    if "WHEEL" not in files:
        lines = ["Wheel-Version: 1.0", "Generator: rim-router", "Root-Is-Purelib: false"]
        lines += [f"Tag: {tag}" for tag in rim.tags]
        files["WHEEL"] = "".join(f"{line}\n" for line in lines).encode()
    paths = {f"{rim.dist_info}/{path}": content for path, content in files.items()}
    return _archive(paths, zipfile.ZIP_STORED)


def _written(name: WheelName, files: Mapping[str, bytes]) -> bytes:
    content = _archive(files, zipfile.ZIP_STORED)
    if len(content) > MAX_SIZE:
        content = _archive(files, zipfile.ZIP_DEFLATED)
    try:
        read(content, name.rim)
    except RimError as error:
        raise DismountError(name.filename, error.faults) from None
    return content


def _measure(file: BinaryIO) -> tuple[int, str]:
    file.seek(0)
    size, digest = 0, hashlib.sha256()
    while chunk := file.read(_CHUNK):
        size += len(chunk)
        digest.update(chunk)
    return size, digest.hexdigest()


def _archive(files: Mapping[str, bytes], method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            info.create_system = 3  # Unix, also when written on Windows
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            info.compress_type = method
            archive.writestr(info, files[path], compresslevel=9)
    return buffer.getvalue()
