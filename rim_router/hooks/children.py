"""pips that pip starts: the same tables reach them, whatever interpreter they run under."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.config.inheritance import INHERITED_VARIABLE, inherit, inherit_failure
from rim_router.config.locate import locate
from rim_router.errors import LocationError, TableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rim_router.config.files import LayerFile

PIP = "_RIM_ROUTER_PIP"
_RUNNER = str(Path(__file__).absolute().with_name("_runner.py"))


def hand_down(files: Iterable[LayerFile]) -> None:
    """Let every descendant of this process use these files, wherever its working directory is."""
    files = tuple(files)
    if files:
        os.environ[INHERITED_VARIABLE] = inherit(files)


def through_runner(runnable: str) -> str:
    """What to run instead of pip's own runner, so that the child is hooked under any interpreter."""
    os.environ[PIP] = runnable
    return _RUNNER


def routed_runner(original: Callable[[], str]) -> Callable[[], str]:
    """A ``get_runnable_pip`` for build environments."""
    return lambda: through_runner(original())


def _refuse_central() -> None:
    """A table that only the configuration of this environment names is none of another interpreter's.

    :raises LocationError: if there is one.
    """
    from rim_router.config.guarded import may_name_table  # only `pip --python` asks
    from rim_router.rules.guards import is_guarded

    if not may_name_table() or is_guarded(os.environ.get("PIP_INDEX_URL", "")):
        return  # or that interpreter's pip has it from the same variable
    from rim_router.hooks.configured import central_table

    table = central_table()
    if table is not None:
        raise LocationError(
            f"the index URL of this pip is a routing table ({table}), which the pip of another interpreter "
            "may not be configured with",
            hint="set PIP_INDEX_URL to it for this command",
        )


def other_interpreter(runnable: str) -> str:
    """What ``pip --python`` is to run: the tables of this environment hold there too."""
    try:
        if os.environ.get(INHERITED_VARIABLE) is None:
            _refuse_central()
        hand_down(locate())
    except (LocationError, TableError) as error:
        # The child must refuse look-ups, and only those: it reports what this process found.
        os.environ[INHERITED_VARIABLE] = inherit_failure(error)
    return through_runner(runnable)
