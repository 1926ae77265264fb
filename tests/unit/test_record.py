"""What records are: immutable, equal by what they say, and strict about their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from rim_router.record import EMPTY, Record

if TYPE_CHECKING:
    from collections.abc import Mapping


class Point(Record):
    x: int
    y: int = 0
    notes: Mapping[str, str] = EMPTY
    seen: bool = False
    _uncompared: ClassVar[tuple[str, ...]] = ("seen",)


class Place(Record):
    x: int
    y: int = 0


def test_fields_and_defaults() -> None:
    point = Point(1)
    assert (point.x, point.y, point.notes, point.seen) == (1, 0, {}, False)
    assert (Point(1, 2).y, Point(x=1, y=2).y, Point(1, y=2).y) == (2, 2, 2)
    assert repr(Point(1, 2)) == "Point(x=1, y=2, notes={})"


@pytest.mark.parametrize(
    ("args", "named"),
    [
        ((), {}),
        ((), {"y": 1}),
        ((1,), {"x": 1}),
        ((1,), {"z": 1}),
        ((1, 2, {}, True, 5), {}),
        ((1,), {"_uncompared": ()}),
    ],
)
def test_other_arguments_are_refused(args: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"^Point\(x, y, notes, seen\) got other arguments$"):
        Point(*args, **named)


def test_nothing_can_be_changed() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match=r"^Point\.x cannot be changed$"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"^Point\.z cannot be changed$"):
        point.z = 2  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"^Point\.x cannot be changed$"):
        del point.x
    changed = point.replaced(y=3, seen=True)
    assert (point.y, changed.x, changed.y, changed.seen) == (0, 1, 3, True)


def test_equality() -> None:
    assert Point(1) == Point(1, 0, {}, seen=True)
    assert hash(Point(1, notes={"a": "b"})) == hash(Point(1, notes={"a": "b"}, seen=True))
    assert Point(1) != Point(2)
    assert Point(1) != Point(1, notes={"a": "b"})
    assert Point(1) != Place(1)
    assert Point(1) != (1, 0, {}, False)
    assert len({Point(1), Point(1), Point(1, notes={"a": "b"})}) == 2
