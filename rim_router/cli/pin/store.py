"""The file that pins are written to: one writer at a time, and all of it or nothing."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rim_router.cli.pin.toml_text import toml_text
from rim_router.config.document import read_toml, shown_path
from rim_router.config.pinfile import merge_pins, read_pins
from rim_router.errors import RimRouterError, TableError
from rim_router.libraries import library
from rim_router.rules.pins import NO_PINS, Pins

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

_HEADING = """\
# Files, and the digests that they must have: written by `rim-router pin`, which keeps no other comments.
# It is a lock file (PEP 751) of these files alone.

"""


class PinError(RimRouterError):
    """Files cannot be pinned, or their pins cannot be kept."""

    reference = "pin-failed"


def pylock() -> ModuleType:
    """The library that knows what a lock file is.

    :raises PinError: if this environment's is too old to.
    """
    try:
        return library("packaging.pylock")
    except ImportError:
        raise PinError(
            "the packaging library of this environment does not know lock files (PEP 751)",
            hint="it needs packaging 26.0 or newer: python -m pip install -U packaging",
        ) from None


class Store:
    """The lock file of one layer.

    :param layer: which layer it is of.
    :param path: where it is; a link leads to the file itself.
    :param advice: what helps if it may not be written.
    """

    def __init__(self, layer: str, path: Path, advice: str | None = None) -> None:
        self.layer = layer
        self.path = path
        self._advice = advice
        self._file = Path(os.path.realpath(path))

    @property
    def shown(self) -> str:
        """The path as users see it."""
        return shown_path(self.path)

    def read(self) -> tuple[dict[str, Any] | None, Pins]:
        """What is in it, as data and as pins; None if it does not exist.

        :raises TableError: with everything that is wrong with it.
        :raises PinError: if it cannot be read.
        """
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return None, NO_PINS
        except OSError as error:
            raise PinError(f"{self.shown} cannot be read: {error.strerror or error}") from None
        pins, faults = read_pins(self.layer, self.path, content)
        if faults:
            raise TableError(faults)
        return read_toml(content, self.shown)[1], merge_pins(pins)[0]

    def render(self, data: Mapping[str, Any]) -> str:
        """A document as it is written.

        :raises PinError: if it would be no lock file, through something in it that is not about pins.
        """
        text = _HEADING + toml_text(data)
        known = pylock()
        try:
            known.Pylock.from_dict(read_toml(text.encode(), self.shown)[1]).validate()
        except known.PylockValidationError as error:
            raise PinError(f"{self.shown} would not be a lock file: {error}", hint="correct it") from None
        _, faults = read_pins(self.layer, self.path, text.encode())
        if faults:
            raise TableError(faults)
        return text

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only writer.

        :raises PinError: if that cannot be had.
        """
        path = self._file.with_name(f".{self._file.name}.lock")
        try:
            descriptor = _acquire(path)
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            yield
        finally:
            # Gone before it is let go of: whoever waits for it then sees that, and makes another.
            with suppress(OSError):
                path.unlink()
            os.close(descriptor)
            if sys.platform == "win32":
                with suppress(OSError):
                    path.unlink()  # there no open file can be removed

    def write(self, text: str) -> None:
        """Put a text in the place of the file; only while it is locked.

        :raises PinError: if that fails; then the file is as it was.
        """
        temporary = self._file.with_name(f".{self._file.name}.tmp")
        try:
            temporary.unlink(missing_ok=True)  # that of a writer that was killed
            try:
                with temporary.open("xb") as file:
                    file.write(text.encode())
                    file.flush()
                    os.fsync(file.fileno())
                with suppress(FileNotFoundError):
                    temporary.chmod(stat.S_IMODE(self._file.stat().st_mode))
                temporary.replace(self._file)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None
        _sync(self._file.parent)

    def _unwritable(self, error: OSError) -> PinError:
        advice = self._advice if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else None
        return PinError(f"{self.shown} cannot be written: {error.strerror or error}", hint=advice)


def _acquire(path: Path) -> int:
    """Open a file and lock it, while it is the one of that name."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(descriptor)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        while True:
            with suppress(OSError):  # given up after ten seconds
                msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
                return

    def _sync(directory: Path) -> None:
        """Not needed there."""
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _sync(directory: Path) -> None:
        """Let the new name outlast a failure of power; the file is in its place without that too."""
        with suppress(OSError):
            descriptor = os.open(directory, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
