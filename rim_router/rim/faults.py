"""What is wrong with a ``.rim`` or with a wheel that is to become one, all of it in one error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rim_router.errors import RimRouterError

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 20
_LONGEST = 255


def quoted(text: str) -> str:
    """Text from an untrusted file as it may be shown: in quotes, ASCII, not endless.

    Escapes keep it from moving the cursor or reversing the direction of a line.
    """
    cut = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    return json.dumps(cut)


class RimError(RimRouterError):
    """A ``.rim`` file is malformed (reference: .rim files; PEP 759).

    :param file: its name.
    :param faults: every reason, each a sentence without its subject or about a part of the file.
    """

    reference = "malformed-rim"
    what = "is malformed"

    def __init__(self, file: str, faults: Iterable[str]) -> None:
        self.file = file
        self.faults = tuple(faults)
        notes = self.faults[:_SHOWN]
        if len(self.faults) > _SHOWN:
            notes += (f"and {len(self.faults) - _SHOWN:,} more",)
        shown = file if file.isascii() and file.isprintable() and len(file) <= _LONGEST else quoted(file)
        super().__init__(f"{shown} {self.what}", notes=notes)


class DismountError(RimError):
    """A wheel cannot be turned into a ``.rim`` (reference: .rim files)."""

    reference = "cannot-dismount"
    what = "cannot be dismounted"
