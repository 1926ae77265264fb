"""Names and patterns (reference: [routes])."""

from __future__ import annotations

import pytest

from rim_router.rules.names import Pattern, PatternMap, normalise


@pytest.mark.parametrize(
    ("name", "normalised"),
    [("Acme", "acme"), ("a.b_c--d", "a-b-c-d"), ("a-_.b", "a-b"), ("acme-core", "acme-core")],
)
def test_names_are_normalised_as_pep_503_says(name: str, normalised: str) -> None:
    """Lower case, and one hyphen for each run of separators."""
    assert normalise(name) == normalised


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Torch", Pattern("torch", False)),
        ("Acme_Core.*", Pattern("acme-core-", True)),
        ("acme*", Pattern("acme", True)),
        ("a__*", Pattern("a-", True)),
        ("0", Pattern("0", False)),
        ("*", Pattern("", True)),
    ],
)
def test_patterns_have_three_forms(text: str, pattern: Pattern) -> None:
    """A name, a prefix with one trailing star, or a star."""
    assert Pattern.parse(text) == pattern
    assert Pattern.parse(str(pattern)) == pattern


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*-x",
        "a*b",
        "a?",
        "a**",
        "**",
        "-",
        "-a",
        "a-",
        "-*",
        "_a*",
        "[a]",
        "a b",
        "a\n",
        "a*\n",
        " a",
        "a/b",
        "\u00e9",
        "\uff41",
        "\u212a*",
    ],
)
def test_anything_else_is_an_error(text: str) -> None:
    """There is nothing to guess."""
    with pytest.raises(ValueError):
        Pattern.parse(text)


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("torch", "torch", True),
        ("torch", "torchvision", False),
        ("torch*", "torch", True),
        ("torch*", "torchvision", True),
        ("acme-*", "acme", False),
        ("acme-*", "acme-x", True),
        ("acme-*", "acmex", False),
        ("*", "x", True),
    ],
)
def test_what_a_pattern_matches(pattern: str, name: str, matches: bool) -> None:
    """The name itself, or whatever begins with the prefix; acme is not below acme-*."""
    assert Pattern.parse(pattern).matches(name) is matches


@pytest.mark.parametrize(
    ("outer", "inner", "covers"),
    [
        ("*", "*", True),
        ("*", "a", True),
        ("a*", "a", True),
        ("a*", "a*", True),
        ("a*", "ab*", True),
        ("ab*", "a*", False),
        ("a", "a*", False),
        ("a", "a", True),
        ("acme-*", "acme", False),
        ("a*", "*", False),
    ],
)
def test_what_a_pattern_covers(outer: str, inner: str, covers: bool) -> None:
    """Another pattern is inside if each of its names is."""
    assert Pattern.parse(outer).covers(Pattern.parse(inner)) is covers


def test_the_most_specific_pattern_comes_first() -> None:
    """Exact, then the longest prefix, then the star; the order in the file never matters."""
    patterns = ["*", "a*", "abc", "abc*", "ab*", "abcd", "x*"]
    for order in (patterns, patterns[::-1]):
        found = PatternMap((Pattern.parse(text), text) for text in order)
        assert [value for _, value in found.matching("abc")] == ["abc", "abc*", "ab*", "a*", "*"]
        assert [value for _, value in found.covering(Pattern.parse("abc*"))] == ["abc*", "ab*", "a*", "*"]
        assert sorted(value for _, value in found) == sorted(patterns)


def test_the_cost_of_a_look_up_does_not_grow_with_the_number_of_routes() -> None:
    """It looks once for each length of prefix that there is, and not at each route."""

    class Counted(dict):  # type: ignore[type-arg]
        asked = 0

        def get(self, *key: object) -> object:
            Counted.asked += 1
            return super().get(*key)

    routes = PatternMap((Pattern(f"acme-{number:06}-", True), number) for number in range(10_000))
    routes._prefixes = Counted(routes._prefixes)
    assert [value for _, value in routes.matching("acme-004711-x")] == [4711]
    assert Counted.asked == 1
