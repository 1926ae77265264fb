"""A table in force: every hook point replaced, or this pip stops (reference: Hook points)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from _rim_router.gate import in_pips_style

# Needed when a decision is explained, and when a wheel brings a table: nothing may be imported that late.
from rim_router.config import lines, load_files, toml_version  # noqa: F401
from rim_router.config.switch import can_be_turned_off
from rim_router.errors import RimRouterError, UnsupportedPipError
from rim_router.hooks import seams

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rim_router.config.files import LayerFile
    from rim_router.rules.policy import Policy
    from rim_router.rules.table import RoutingTable


def enforce(files: Iterable[LayerFile], *, inherited: bool) -> None:
    """Route this process by these files.

    :param inherited: whether the process that started this one is routed by them.
    :raises BaseException: in pip's own style, if the files cannot be used or this pip cannot be routed.
    """
    try:
        table = load_files(files)
        check_pip(table.policy)
        _route(table, inherited=inherited)
    except RimRouterError as error:
        raise in_pips_style(error) from None


def check_pip(policy: Policy) -> None:
    """Probe every hook point of this pip.

    :raises UnsupportedPipError: with each one that is not as expected.
    """
    version = seams.pip_version()
    supported = f"pip {'.'.join(map(str, seams.OLDEST))} or newer"
    if () < seams.release(version) < seams.OLDEST:
        raise UnsupportedPipError(
            f"A routing table is in force, and pip {version} is too old to be routed: {supported} is needed",
            hint="upgrade pip: RIM_ROUTER_DISABLE=1 python -m pip install --upgrade pip"
            if can_be_turned_off(policy)
            else f"upgrade it by a newer pip of another environment: pip --python {sys.executable} "
            "install --upgrade pip",
        )
    misses = [
        f"{seam.place} ({seam.why}): {fault}"
        for seam, fault in seams.probe()
        if fault and seam.feature is None
    ]
    if misses:
        raise unsupported(misses)


def _route(table: RoutingTable, *, inherited: bool) -> None:
    """Replace the hook points.

    :raises UnsupportedPipError: if what the hooks themselves are made of is not there.
    """
    try:
        from rim_router.hooks.routing import apply

        apply(table, inherited=inherited)
    except RimRouterError:
        raise
    except Exception as failure:  # after every probe: whatever a pip of another shape makes of it
        raise unsupported([f"{type(failure).__name__}: {failure}"]) from failure


def unsupported(misses: list[str]) -> UnsupportedPipError:
    """The error for a pip that is not as expected, with what is missing."""
    newest = ".".join(map(str, seams.NEWEST_TESTED))
    return UnsupportedPipError(
        f"A routing table is in force, and pip {seams.pip_version()} cannot be routed: "
        f"{len(misses)} of its hook points are not as expected",
        notes=misses,
        hint=f"use a pip from 22.2 to {newest}, or upgrade rim-router; "
        "`rim-router doctor` shows every hook point",
    )
