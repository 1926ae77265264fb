"""The comments of a new table that ask what only people know: `init` writes them, `check` finds them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL_NAMES = '"INDEX"'  # where all other names are to come from, as long as nobody has said it
_LINE = re.compile(r'# (?:"NAME-\*" = ("(?:[^"\\]|\\.)*")|"\*" = "INDEX")(?=\s|$)')


def question(name: str, rest: str | None) -> str:
    """Which names come from an index; as long as that line is there nothing is asked of it.

    :param name: of the index, as a TOML string.
    :param rest: the index from which all others are to come then; None if there is no other.
    """
    then = "" if rest is None else f' Name them, then have "*" lead to {rest}'
    return f'# "NAME-*" = {name}  # which projects come from {json.loads(name)}?{then}'


def questions(text: str) -> Iterator[tuple[int, str | None]]:
    """The questions that are still in a table: 1-based lines, with the index; None for that of ``"*"``."""
    for number, line in enumerate(text.splitlines(), 1):
        found = _LINE.match(line)
        if found is not None:
            yield number, None if found[1] is None else json.loads(found[1])
