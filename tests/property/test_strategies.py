"""Which indexes of a list are asked, and which one is used, against the simplest thing that is right."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rim_router.rules.strategies import IN_TURN, STRATEGIES, Answer, ask_in_turn, is_last


@dataclass(frozen=True)
class File:
    """A file of the project."""

    version: int
    refused: bool
    fits: bool  # this environment
    yanked: bool


@dataclass(frozen=True)
class Index:
    """A simulated index.

    :param files: None if it has no page of the project.
    :param fails: whether it fails, as one does that has no probe when it is needed.
    """

    files: tuple[File, ...] | None
    fails: bool


class FailedError(Exception):
    """An index has failed."""


files = st.builds(File, st.integers(1, 4), st.booleans(), st.booleans(), st.booleans())
indexes = st.builds(
    Index,
    st.one_of(st.none(), st.lists(files, max_size=3).map(tuple)),
    st.sampled_from([False, False, False, True]),
)
lists = st.lists(indexes, max_size=4)


def satisfying(index: Index, least: int) -> list[File]:
    """The files that satisfy a request of ``>=least``, yanked ones included."""
    return [each for each in index.files or () if each.version >= least and each.fits and not each.refused]


def model(strategy: str, places: list[Index], least: int) -> tuple[list[int], int | None, bool]:
    """What is asked, by position, whose candidates are used, and whether pip stops with a failure."""
    asked = []
    for position, index in enumerate(places):
        asked.append(position)
        if index.fails:
            return asked, None, True
        if strategy == "first-index" and index.files is not None:
            break
        if strategy == "index-priority":
            refuses = any(each.refused for each in index.files or ())
            if satisfying(index, least) or refuses:
                break
    return asked, asked[-1] if asked else None, False


def asked_by(strategy: str, places: list[Index], least: int) -> tuple[list[int], int | None, bool]:
    """The same by the code."""
    asked: list[int] = []

    def ask(position: int) -> tuple[int, Answer]:
        asked.append(position)
        index = places[position]
        if index.fails:
            raise FailedError
        refused = any(each.refused for each in index.files or ())
        return position, Answer(index.files is not None, refused, bool(satisfying(index, least)))

    try:
        return asked, ask_in_turn(strategy, range(len(places)), ask), False
    except FailedError:
        return asked, None, True


@pytest.mark.parametrize("strategy", IN_TURN)
@given(places=lists, least=st.integers(1, 5))
def test_as_the_model(strategy: str, places: list[Index], least: int) -> None:
    """The same indexes are asked, in the same order, and the same one is used."""
    assert asked_by(strategy, places, least) == model(strategy, places, least)


@given(places=lists, lower=st.integers(1, 5), higher=st.integers(1, 5))
def test_no_request_moves_a_project_by_first_index(places: list[Index], lower: int, higher: int) -> None:
    """Whatever versions are asked for, by whomever, it is the same index."""
    assert asked_by("first-index", places, lower) == asked_by("first-index", places, higher)


@pytest.mark.parametrize("strategy", STRATEGIES)
@given(answer=st.builds(Answer, st.booleans(), st.booleans(), st.booleans()))
def test_what_has_nothing_is_never_the_last(strategy: str, answer: Answer) -> None:
    """An index that has nothing leads on, and by version-priority each does; refused files never lead on."""
    nothing = not (answer.has_project or answer.has_refused or answer.satisfies)
    last = is_last(strategy, answer)
    assert not (last and nothing)
    if strategy == "version-priority":
        assert not last
    elif answer.has_refused or answer.satisfies:
        assert last
