"""What files of requirements or constraints name that pip always reads: indexes, and places of find-links."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from rim_router.cli.requirements import lines_of, options_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PLACES = ("--index-url", "--pypi-url", "--extra-index-url", "--find-links")
_FILES = ("--requirement", "--constraint")


class Named(NamedTuple):
    """What a file names.

    :param setting: the file, and the option that it has.
    :param place: a URL or path; None if the file cannot be read, so that nobody knows what it names.
    """

    setting: str
    place: str | None


def named_in(file: Path, above: tuple[Path, ...] = ()) -> Iterator[Named]:
    """What a file names, and what the files that it includes do; in doubt it is an index.

    :param above: the files that include it.
    """
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        yield Named(str(file), None)
        return
    for line in lines_of(text):
        for option, value in _options(line):
            if option in _PLACES:
                yield Named(f"{file}: {option[2:]}", value)
            elif file not in above:
                yield from named_in(file.parent / value, (*above, file))


def _options(line: str) -> Iterator[tuple[str, str]]:
    try:
        words = shlex.split(line)
    except ValueError:  # a quotation mark is missing, which pip may not mind elsewhere
        words = line.split()
    return options_in(words, (*_PLACES, *_FILES))
