"""Patterns against the simplest thing that could be right."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from rim_router.rules.names import Pattern, PatternMap, normalise

# Few letters, so that prefixes meet.
names = st.from_regex(r"[ab](?:[ab._-]{0,6}[ab])?", fullmatch=True)
prefixes = st.one_of(st.just(""), st.from_regex(r"[ab][ab._-]{0,4}", fullmatch=True))
texts = st.one_of(names, prefixes.map(lambda text: text + "*"))
patterns = texts.map(Pattern.parse)


def words(text: str) -> str:
    """PEP 503 says it with this expression."""
    return re.sub(r"[-_.]+", "-", text).lower()


def rank(pattern: Pattern) -> tuple[bool, int]:
    return (not pattern.prefix, len(pattern.literal))


@given(texts)
def test_a_pattern_is_the_normalised_text(text: str) -> None:
    """And reads back as itself."""
    pattern = Pattern.parse(text)
    assert str(pattern) == words(text.rstrip("*")) + "*" * text.count("*")
    assert Pattern.parse(str(pattern)) == pattern
    assert Pattern.parse(text.upper()) == pattern


@given(st.text(alphabet="aB0*?-_. []é\n", max_size=6))
def test_a_text_is_one_of_three_forms_or_an_error(text: str) -> None:
    """Nothing else is ever accepted."""
    name = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
    valid = re.fullmatch(name, text) or re.fullmatch(r"(?:[A-Za-z0-9][A-Za-z0-9._-]*)?\*", text)
    try:
        Pattern.parse(text)
    except ValueError:
        assert not valid
    else:
        assert valid


@given(patterns, names)
def test_matching(pattern: Pattern, name: str) -> None:
    """Equal, or beginning with the prefix."""
    expression = re.escape(pattern.literal) + (".*" if pattern.prefix else "")
    assert pattern.matches(normalise(name)) == bool(re.fullmatch(expression, words(name)))


@given(patterns, patterns, names)
def test_what_is_covered_is_matched(outer: Pattern, inner: Pattern, name: str) -> None:
    """Each name inside the inner pattern is inside the outer one; else there is one that is not."""
    name = normalise(name)
    if outer.covers(inner):
        assert outer.matches(name) or not inner.matches(name)
    else:
        samples = (
            [inner.literal, inner.literal + "a", inner.literal + "b"] if inner.prefix else [inner.literal]
        )
        assert not all(outer.matches(sample) for sample in samples)


@given(st.dictionaries(patterns, st.integers()), names)
def test_the_map_finds_what_matches_most_specific_first(routes: dict[Pattern, int], name: str) -> None:
    """As a search through all patterns would."""
    name = normalise(name)
    naive = sorted((pattern for pattern in routes if pattern.matches(name)), key=rank, reverse=True)
    assert list(PatternMap(routes.items()).matching(name)) == [
        (pattern, routes[pattern]) for pattern in naive
    ]


@given(st.dictionaries(patterns, st.integers()), patterns)
def test_the_map_finds_what_covers_most_specific_first(routes: dict[Pattern, int], inner: Pattern) -> None:
    """As a search through all patterns would."""
    naive = sorted((pattern for pattern in routes if pattern.covers(inner)), key=rank, reverse=True)
    assert [pattern for pattern, _ in PatternMap(routes.items()).covering(inner)] == naive
