"""Project names (PEP 503) and the pattern language over them (reference: [routes])."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from rim_router.libraries import library

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

T = TypeVar("T")

WHEEL_SUFFIX = ".whl"
RIM_SUFFIX = ".rim"

SDIST_SUFFIXES = (".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz")
_SEPARATORS = r"[-_.]+"
# A name, a prefix followed by "*", or "*"; all in ASCII.
NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
PATTERN = rf"{NAME}|(?:[A-Za-z0-9][A-Za-z0-9._-]*)?\*"


def normalise(name: str) -> str:
    """The normalised name of a project (PEP 503)."""
    return re.sub(_SEPARATORS, "-", name).lower()


def canonical_filename(filename: str) -> str:
    """What is the same for all spellings of a distribution's file name that pip takes for the same.

    The project's name and the version may be spelt in several ways (PEP 503, PEP 440).
    """
    if filename.endswith(WHEEL_SUFFIX):
        name, _, rest = filename.partition("-")
        version, _, rest = rest.partition("-")
    else:
        stem, suffix = next(
            ((filename[: -len(each)], each) for each in SDIST_SUFFIXES if filename.endswith(each)),
            (filename, ""),
        )
        name, _, version = stem.rpartition("-")
        rest = suffix
    canonical = library("packaging.utils").canonicalize_version(version)
    return f"{normalise(name)}-{canonical}-{rest}"


class Pattern(NamedTuple):
    """An exact normalised name, a literal prefix followed by ``*``, or ``*`` alone.

    :param literal: the normalised name or prefix; empty for ``*``.
    :param prefix: whether any further text may follow the literal.
    """

    literal: str
    prefix: bool

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern as a user writes it.

        :raises ValueError: with what is wrong, if it is none of the three forms.
        """
        if not text.isascii():
            raise ValueError(f"{text!r} has characters that project names cannot have")
        prefix = text.endswith("*")
        stem = text[:-1] if prefix else text
        if "*" in stem:
            raise ValueError(f"{text!r} has a '*' that is not at the end")
        if prefix and not stem:
            return cls("", True)
        literal = normalise(stem)
        if not literal:
            raise ValueError("a name cannot be empty")
        if not re.fullmatch(PATTERN, text):
            raise ValueError(f"{text!r} is not a project name, a prefix with one trailing '*', or '*'")
        return cls(literal, prefix)

    def __str__(self) -> str:
        return self.literal + "*" if self.prefix else self.literal

    def matches(self, name: str) -> bool:
        """Whether a *normalised* name falls under this pattern."""
        return name.startswith(self.literal) if self.prefix else name == self.literal

    def covers(self, other: Pattern) -> bool:
        """Whether every name of *other* falls under this pattern too."""
        return other == self or (self.prefix and other.literal.startswith(self.literal))


class Unmade(Generic[T]):
    """Values by pattern, each made when it is asked for: most of a very large table never are.

    :param texts: the patterns, as :meth:`Pattern.__str__` writes them.
    :param make: the value of a pattern.
    """

    def __init__(self, texts: Collection[str], make: Callable[[Pattern], T]) -> None:
        self._texts = texts
        self._make = make
        self._made: dict[str, tuple[Pattern, T]] = {}
        self._taken: set[str] = set()
        self.lengths = {len(text) - 1 for text in texts if text[-1] == "*"}  # of the prefixes

    def __iter__(self) -> Iterator[tuple[Pattern, T]]:
        return (found for text in self._texts if (found := self.get(text)) is not None)

    def get(self, text: str) -> tuple[Pattern, T] | None:
        """A pattern and its value."""
        found = self._made.get(text)
        if found is None and text in self._texts and text not in self._taken:
            pattern = Pattern(text.rstrip("*"), text[-1] == "*")
            found = self._made[text] = (pattern, self._make(pattern))
        return found

    def take(self, text: str) -> T | None:
        """A value, which is no longer among these afterwards."""
        found = self.get(text)
        self._taken.add(text)
        self._made.pop(text, None)
        return None if found is None else found[1]


class PatternMap(Generic[T]):
    """Values by pattern, found from most to least specific.

    The cost of a look-up depends on the length of the name, not on how many patterns there are.

    :param unmade: further ones, of other patterns.
    """

    def __init__(self, items: Iterable[tuple[Pattern, T]], unmade: Unmade[T] | None = None) -> None:
        self._exact: dict[str, tuple[Pattern, T]] = {}
        self._prefixes: dict[str, tuple[Pattern, T]] = {}
        for pattern, value in items:
            (self._prefixes if pattern.prefix else self._exact)[pattern.literal] = (pattern, value)
        self._unmade = unmade
        lengths = {len(literal) for literal in self._prefixes}
        self._lengths = sorted(lengths if unmade is None else lengths | unmade.lengths, reverse=True)

    def __iter__(self) -> Iterator[tuple[Pattern, T]]:
        yield from self._exact.values()
        yield from self._prefixes.values()
        yield from self._unmade or ()

    def matching(self, name: str) -> Iterator[tuple[Pattern, T]]:
        """What matches a *normalised* name: exact, then the longest prefix first, then ``*``."""
        found = self._exact.get(name)
        if found is None and self._unmade is not None and "*" not in name:
            found = self._unmade.get(name)
        if found is not None:
            yield found
        yield from self._prefixes_of(name)

    def covering(self, pattern: Pattern) -> Iterator[tuple[Pattern, T]]:
        """The patterns that cover *pattern*, itself included, most specific first."""
        yield from self._prefixes_of(pattern.literal) if pattern.prefix else self.matching(pattern.literal)

    def _prefixes_of(self, text: str) -> Iterator[tuple[Pattern, T]]:
        for length in self._lengths:
            if length <= len(text):
                literal = text[:length]
                found = self._prefixes.get(literal)
                if found is None and self._unmade is not None:
                    found = self._unmade.get(literal + "*")
                if found is not None:
                    yield found
