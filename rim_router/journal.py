"""RIM_ROUTER_LOG: what was decided and done, as one JSON object a line (reference: The log)."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.errors import LocationError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "RIM_ROUTER_LOG"


class Journal:
    """Appends to the file that the environment names; without one it does nothing.

    Each line is one write to a file opened for appending, so that child pips can write to it too.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        text = (os.environ if environ is None else environ).get(VARIABLE, "")
        self._descriptor: int | None = None
        if not text:
            return
        path = Path(text).expanduser().absolute()
        # Children may have another working directory.
        os.environ[VARIABLE] = str(path)
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._path = path

    @property
    def active(self) -> bool:
        """Whether anything is written at all."""
        return self._descriptor is not None

    def write(self, event: str, **facts: object) -> None:
        """Append an event; what is None is left out. URLs have to be redacted already.

        :raises LocationError: if it cannot be written: who wants this record must not miss a part of it.
        """
        if self._descriptor is None:
            return
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        entry = {"event": event, "time": now, "pid": os.getpid()}
        entry.update({key: value for key, value in facts.items() if value is not None})
        self.append((json.dumps(entry, default=str) + "\n").encode())

    def append(self, lines: bytes) -> None:
        """Append what another process has recorded.

        :raises LocationError: see :meth:`write`.
        """
        if self._descriptor is None or not lines:
            return
        try:
            os.write(self._descriptor, lines)
        except OSError as error:
            raise _unwritable(self._path, error) from error


def _unwritable(path: Path, error: OSError) -> LocationError:
    return LocationError(
        f"the log {path} cannot be written ({error.strerror})",
        hint=f"correct {VARIABLE}, or unset it to go without a log",
    )
