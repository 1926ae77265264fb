"""What one table says, before it is put together with those of the other layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.record import EMPTY, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rim_router.config.routes import RawRoute
    from rim_router.errors import Fault
    from rim_router.rules.names import Pattern
    from rim_router.rules.source import Source
    from rim_router.rules.table import ExternalWheel, Index


class PlainRoutes(Record):
    """What the plain lines of a large table say, each of which leads to one index by its name.

    :param names: of these indexes, by pattern.
    :param route: makes what one of the lines says.
    :param whole: reads the table once more, with these lines among all others.
    """

    names: Mapping[str, str]
    route: Callable[[str], RawRoute]
    whole: Callable[[], Layer]


class Layer(Record):
    """What one table says.

    :param source: the table as a whole.
    :param indexes: by the name that routes use; None for one that is defined but has a fault.
    :param routes: by pattern; index names are not looked up yet.
    :param policy: the values that the table sets, by key.
    :param faults: what is wrong with the table.
    :param complete: whether every index that it defines, or means to define, is in *indexes*.
    :param wheels: its ``[[wheel]]`` entries.
    :param plain: further routes of a large table, none of which is of a pattern in *routes*.
    :param speed: the features that it turns on or off.
    """

    source: Source
    indexes: Mapping[str, Index | None] = EMPTY
    routes: Mapping[Pattern, RawRoute] = EMPTY
    policy: Mapping[str, tuple[str, Source]] = EMPTY
    faults: tuple[Fault, ...] = ()
    complete: bool = True
    wheels: tuple[ExternalWheel, ...] = ()
    plain: PlainRoutes | None = None
    speed: Mapping[str, bool] = EMPTY
