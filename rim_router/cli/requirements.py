"""Files of requirements and constraints: their lines, and the options in these, as pip puts them together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_SHORT = {"-i": "--index-url", "-f": "--find-links", "-r": "--requirement", "-c": "--constraint"}
_COMMENT = re.compile(r"(^|\s+)#.*$")  # as pip has it: not within a URL


def lines_of(text: str) -> Iterator[str]:
    """The lines of a file as pip puts them together, without comments."""
    start = ""
    for line in text.splitlines():
        is_comment = _COMMENT.match(line) is not None
        if line.endswith("\\") and not is_comment:
            start += line.strip("\\")
            continue
        yield _COMMENT.sub("", f"{start} {line}" if is_comment else start + line)
        start = ""
    yield _COMMENT.sub("", start)


def options_in(words: Sequence[str], wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    """Some options among the words of a line, by their long names, and the value of each.

    :param wanted: their long names; of several with one beginning the first counts.
    """
    for word, following in zip(words, [*words[1:], ""]):
        name, equals, value = word.partition("=")
        short = _SHORT.get(word[:2], "")
        # Any beginning of a long option will do for pip.
        long = next((each for each in wanted if len(name) > 3 and each.startswith(name)), None)
        if short in wanted:
            yield short, word[2:].lstrip("=") or following
        elif long is not None:
            yield long, value if equals else following
