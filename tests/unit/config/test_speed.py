"""``[speed]`` of the layers, and the variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rim_router.config.speed import merge_speed
from rim_router.rules.speed import FEATURES, turned_off

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rim_router.errors import Fault


@pytest.mark.parametrize(
    ("layers", "variable", "off"),
    [
        ([], "", set()),
        ([{}, {"ask-early": False}], "", {"ask-early"}),
        ([{"ask-early": False}, {"ask-early": True}], "", set()),
        ([{"ask-early": False}, {"drop-early": False}], "", {"ask-early", "drop-early"}),
        ([{"ask-early": True}], "off", set(FEATURES)),
        ([], "ask-early, parallel-downloads", {"ask-early", "parallel-downloads"}),
        ([{"drop-early": False}], "ask-early", {"ask-early", "drop-early"}),
    ],
)
def test_the_highest_layer_counts_and_the_variable_only_turns_off(
    layers: list[Mapping[str, bool]], variable: str, off: set[str]
) -> None:
    """What nobody turns off is on."""
    faults: list[Fault] = []
    assert merge_speed(layers, {"RIM_ROUTER_SPEED": variable}, faults) == set(FEATURES) - off
    assert faults == []


@pytest.mark.parametrize("value", ["on", "1", "true", "ask_early"])
def test_other_words_are_faults(value: str) -> None:
    """Nobody knows what they mean."""
    faults: list[Fault] = []
    assert merge_speed([], {"RIM_ROUTER_SPEED": value}, faults) == set()
    (fault,) = faults
    assert str(fault).startswith("RIM_ROUTER_SPEED: ")
    with pytest.raises(ValueError, match="none of off, ask-early"):
        turned_off(value)


@pytest.mark.parametrize("value", ["off ask-early", "ask-early,off", "off off"])
def test_off_stands_alone(value: str) -> None:
    with pytest.raises(ValueError, match="'off' stands alone"):
        turned_off(value)
