"""New environments: equipped as they are made, if a table in force asks for that."""

from __future__ import annotations

import os
from pathlib import Path

from rim_router.config import load_files, locate
from rim_router.config.guarded import may_name_table
from rim_router.config.inheritance import INHERITED_VARIABLE, inherit, inherit_failure
from rim_router.config.switch import decide
from rim_router.errors import LocationError, RimRouterError, TableError
from rim_router.libraries import prefer
from rim_router.terminal import visible

_KEY = "new-environments"


class NewEnvironmentError(RimRouterError):
    """A new environment cannot be equipped, so that it is not made."""

    reference = "new-environment-not-equipped"


def equip_new(python: str, asked: str) -> None:
    """Equip a new environment.

    :param python: its interpreter.
    :param asked: what asks for it.
    :raises NewEnvironmentError: if it cannot be done.
    """
    from rim_router.environments.equip import equip

    try:
        equip(Path(python), newer_will_do=True)
    except RimRouterError as error:
        raise _not_made(asked, error.message, error) from error


def hand_down(_directory: str, _asked: str) -> None:
    """Let the pips that are run in a new environment, in its own directory, have the tables in force here.

    What it is called with is that of the others, and no matter here.
    """
    try:
        files = locate()
    except (LocationError, TableError) as error:
        os.environ[INHERITED_VARIABLE] = inherit_failure(error)
    else:
        if files:
            os.environ[INHERITED_VARIABLE] = inherit(files)


def refuse_new(problem: str, asked: str) -> None:
    """Make no environments where they could not be equipped.

    :raises NewEnvironmentError: always.
    """
    raise _not_made(asked, problem, RimRouterError("", hint="upgrade rim-router, or unset that policy"))


def _not_made(asked: str, why: str, error: RimRouterError) -> NewEnvironmentError:
    return NewEnvironmentError(
        f"this environment is not made, because rim-router cannot be put into it, as {asked} demands: {why}",
        notes=error.notes,
        hint=error.hint,
    )


def who_asks() -> str | None:
    """What asks for new environments to be equipped; None if nothing does.

    Where a table cannot be read they are equipped, so that their pips stop as the one here does.

    :raises ImportError: if neither this environment nor its pip has what reading a table takes.
    """
    try:
        return _asks()
    except ImportError:
        prefer("pip._vendor.")
        return _asks()


def _asks() -> str | None:
    try:
        if may_name_table():
            # Whether that says so, pip would have to find out, and there is none here.
            return "a routing table at the index URL of pip"
        files = locate()
        if not files:
            return None
        policy = load_files(files).policy
    except RimRouterError:
        return "a routing table that cannot be read"
    if policy.new_environments != "equip":
        return None
    source = policy.sources.get(_KEY)
    return visible(f'policy.{_KEY} = "equip"' + (f" of {source}" if source else ""))


def is_turned_off() -> bool:
    """Whether ``RIM_ROUTER_DISABLE=1`` is set, and nothing forbids it; where it does, pip stops."""
    try:
        return decide()[1]
    except RimRouterError:
        return False
