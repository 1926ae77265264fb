"""What files of requirements or constraints name that pip always reads: indexes, and places of find-links."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PLACES = ("--index-url", "--pypi-url", "--extra-index-url", "--find-links")
_FILES = ("--requirement", "--constraint")
_SHORT = {"-i": "--index-url", "-f": "--find-links", "-r": "--requirement", "-c": "--constraint"}
_COMMENT = re.compile(r"(^|\s+)#.*$")  # as pip has it: not within a URL


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
    for line in _lines(text):
        for option, value in _options(line):
            if option in _PLACES:
                yield Named(f"{file}: {option[2:]}", value)
            elif file not in above:
                yield from named_in(file.parent / value, (*above, file))


def _lines(text: str) -> Iterator[str]:
    """Its lines as pip puts them together, without comments."""
    start = ""
    for line in text.splitlines():
        is_comment = _COMMENT.match(line) is not None
        if line.endswith("\\") and not is_comment:
            start += line.strip("\\")
            continue
        yield _COMMENT.sub("", f"{start} {line}" if is_comment else start + line)
        start = ""
    yield _COMMENT.sub("", start)


def _options(line: str) -> Iterator[tuple[str, str]]:
    """The options of a line that name something, by their long names."""
    try:
        words = shlex.split(line)
    except ValueError:  # a quotation mark is missing, which pip may not mind elsewhere
        words = line.split()
    for word, following in zip(words, [*words[1:], ""]):
        name, equals, value = word.partition("=")
        # Any beginning of a long option will do for pip.
        long = next((each for each in (*_PLACES, *_FILES) if len(name) > 3 and each.startswith(name)), None)
        if word[:2] in _SHORT:
            yield _SHORT[word[:2]], word[2:].lstrip("=") or following
        elif long is not None:
            yield long, value if equals else following
