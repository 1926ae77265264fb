"""Whether pip goes by the tables in force: what turns that off, and what insists on it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rim_router.config.locate import CONFIG_VARIABLE, locate
from rim_router.errors import MustBeRoutedError, RimRouterError, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rim_router.config.files import LayerFile
    from rim_router.rules.policy import Policy

# The gate has both, too: it needs them where nothing of this package can be imported.
DISABLE = "RIM_ROUTER_DISABLE"
REQUIRE = "RIM_ROUTER_REQUIRE"

# What a key or a value of the policy may look like where its table has faults: TOML has escapes, too.
_MAY_DENY = r"(?i)disable|deny|\\[ux]"
_GO_ON = "commands that use no index, such as `pip list` and `pip uninstall`, still work"


def decide(
    environ: Mapping[str, str] | None = None, fetch: Callable[[], LayerFile] | None = None
) -> tuple[tuple[LayerFile, ...], bool]:
    """The tables in force, lowest layer first, and whether they are turned off.

    :param fetch: brings a table that does not lie on this machine; None for no such table.
    :raises MustBeRoutedError: if pip would not be routed, and has to be.
    :raises LocationError: see :func:`rim_router.config.locate.locate`.
    :raises TableError: see there.
    """
    environ = os.environ if environ is None else environ
    off = environ.get(DISABLE) == "1"
    check_value(environ)
    try:
        files = locate(environ=environ)
        if fetch is not None:
            files = (fetch(), *files)
    except RimRouterError as error:
        if off:
            raise _unreadable(error) from None
        raise
    check_required(files, environ)
    if off:
        if environ.get(REQUIRE):
            raise MustBeRoutedError(
                f"{DISABLE}=1 turns routing off, and {REQUIRE}=1 does not let pip go on without it",
                hint=f"unset one of them; {_GO_ON}",
            )
        for file in (file for file in files if file.layer != "command"):  # that has no policy
            _check_allowed(file)
    return files, off and bool(files)


def check_value(environ: Mapping[str, str]) -> None:
    """Refuse what may mean that pip has to be routed, or the opposite.

    :raises MustBeRoutedError: if so.
    """
    value = environ.get(REQUIRE, "")
    if value not in ("", "1"):
        raise MustBeRoutedError(
            f"{REQUIRE} must be 1 or unset, not {value!r}",
            hint=f"set {REQUIRE} to 1, or unset it",
        )


def check_required(files: Sequence[LayerFile], environ: Mapping[str, str]) -> None:
    """Refuse to go on without a table where one is required.

    :param files: the tables in force.
    :raises MustBeRoutedError: if there is none, and has to be one.
    """
    check_value(environ)
    if environ.get(REQUIRE) and not files:
        raise MustBeRoutedError(
            f"{REQUIRE}=1 is set, and no routing table is in force here",
            hint=f"go where there is one, name one in {CONFIG_VARIABLE} or as the index URL (but in a "
            f"requirements file it comes too late), or unset {REQUIRE}; {_GO_ON}",
        )


def can_be_turned_off(policy: Policy) -> bool:
    """Whether ``RIM_ROUTER_DISABLE=1`` is a way out here."""
    return policy.disable == "allow" and not os.environ.get(REQUIRE)


def _unreadable(error: RimRouterError) -> MustBeRoutedError:
    return MustBeRoutedError(
        f'{DISABLE}=1 is refused: a routing table cannot be read, and may have disable = "deny"',
        notes=str(error).splitlines(),
        hint=f"repair it; {_GO_ON}",
    )


def _check_allowed(file: LayerFile) -> None:
    """Refuse to turn a table off that forbids it, or that may be meant to.

    :raises MustBeRoutedError: if so.
    """
    from rim_router.config.parse import parse  # where routing is not turned off, who needs it has it

    layer = parse(file)
    word, source = layer.policy.get("disable", ("", layer.source))
    if word == "deny":
        raise MustBeRoutedError(
            f'{DISABLE}=1 is refused: policy.disable is "deny"',
            where=Where(source.file, "policy.disable", source.line),
            hint=f"unset {DISABLE}, or change the table; {_GO_ON}",
        )
    if layer.faults and not word and _may_deny(file.content):
        raise MustBeRoutedError(
            f'{DISABLE}=1 is refused: {file.shown} has faults, and may be meant to have disable = "deny"',
            notes=[str(fault) for fault in layer.faults],
            hint=f"correct it, and try again; {_GO_ON}",
        )


def _may_deny(content: bytes) -> bool:
    """Whether a table that has faults could be one that does not let routing be turned off."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return "\x00" in text or re.search(_MAY_DENY, text) is not None
