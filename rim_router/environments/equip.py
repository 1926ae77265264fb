"""Puts this very plugin into another environment, looks whether it is there, and takes it away again."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from rim_router import __version__
from rim_router.environments import transplant
from rim_router.environments.exchange import Exchange
from rim_router.environments.target import Installed, Target, TargetError, examine, prove
from rim_router.environments.transplant import TransplantError
from rim_router.libraries import library

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

OWN = "rim-router"
_INSTALLER = "rim-router"  # what the INSTALLER of a copy says


class State(Enum):
    """How it is, or what was done."""

    EQUIPPED = "equipped"
    ADDED = "added"
    REPLACED = "replaced"
    ABSENT = "absent"
    OTHER = "other-version"
    DAMAGED = "damaged"
    REMOVED = "removed"


class Outcome(NamedTuple):
    """What is to be said of an environment.

    :param before: the version of the plugin that was there.
    :param why: what is wrong, or worth knowing; None if there is nothing.
    """

    target: Target
    state: State
    before: str | None
    why: str | None = None


def check(python: Path) -> Outcome:
    """Whether an environment has this very plugin, complete and active.

    :raises TargetError: if it cannot be examined.
    """
    target = examine(python)
    there = target.own(OWN)
    if there is None:
        return Outcome(target, State.ABSENT, None)
    state, why = _condition(target, there)
    return Outcome(target, state, there.version, why)


def equip(python: Path, *, newer_will_do: bool = False) -> Outcome:
    """Put this very plugin, and what it needs and is not there, into an environment.

    :param newer_will_do: leave a newer plugin that works in its place.
    :raises TargetError: if the environment cannot be examined, or would not start the plugin.
    :raises TransplantError: if the plugin does not work there, or cannot be put there; all is as it was.
    """
    target = examine(python)
    there = target.own(OWN)
    missing = _missing(target)
    if there is not None:
        state, why = _condition(target, there)
        if state is State.EQUIPPED and not missing:
            return Outcome(target, state, there.version)
        if _is_newer(there):
            if newer_will_do and not missing:
                prove(target, there.version)
                return Outcome(target, State.EQUIPPED, there.version, why)
            raise TransplantError(
                f"{target.site_packages} has rim-router {there.version}, which is newer than {__version__}",
                hint="use that one to equip other environments, or uninstall it",
            )
        if there.editable and state is not State.EQUIPPED:
            raise TransplantError(
                f"{target.site_packages} has an editable rim-router {there.version}: {why}",
                hint=f"uninstall it: {python} -m pip uninstall rim-router",
            )
    keep = there is not None and there.editable
    old = [each for each in map(target.own, missing) if each is not None]
    if there is not None and not keep:
        old.append(there)
    payloads = transplant.plugin(target.version, suffix=target.suffix, without=_present(target, missing))
    with Exchange() as exchange:
        _exchange(exchange, target, old, payloads[1:] if keep else payloads)
        prove(target, __version__)
    before = None if there is None else there.version
    return Outcome(target, State.ADDED if there is None else State.REPLACED, before)


def remove(python: Path) -> Outcome:
    """Take away what :func:`equip` has put into an environment, as far as nothing else needs it.

    :raises TargetError: if the environment cannot be examined, or the plugin came there in another way.
    """
    target = examine(python)
    there = target.own(OWN)
    if there is None:
        return Outcome(target, State.ABSENT, None)
    if there.installer != _INSTALLER:
        by = f"by {there.installer}" if there.installer else "in another way"
        raise TargetError(
            f"rim-router {there.version} was put into {target.site_packages} {by}",
            hint=f"uninstall it: {python} -m pip uninstall rim-router",
        )
    ours = [
        each for each in map(target.own, transplant.DEPENDENCIES) if each and each.installer == _INSTALLER
    ]
    leaving = {OWN, *(each.name for each in ours)}
    others = [each for name, each in target.distributions.items() if name not in leaving]
    needed = {each.name for each in ours if any(each.name in other.requires for other in others)}
    with Exchange() as exchange:
        for each in (there, *(each for each in ours if each.name not in needed)):
            _remove(exchange, each, [name for name, _ in each.record])
    why = f"{', '.join(sorted(needed))} stays: something else needs it" if needed else None
    return Outcome(target, State.REMOVED, there.version, why)


def _condition(target: Target, there: Installed) -> tuple[State, str | None]:
    if there.version != __version__:
        return State.OTHER, f"it has rim-router {there.version}, this is {__version__}"
    damage = None if there.editable else there.damage()
    if damage is None:
        try:
            prove(target, __version__)
        except TargetError as error:
            damage = error.message
    return (State.EQUIPPED, None) if damage is None else (State.DAMAGED, damage)


def _is_newer(there: Installed) -> bool:
    version = library("packaging.version").Version
    try:
        return bool(version(there.version) > version(__version__))
    except ValueError:
        return False


def _missing(target: Target) -> list[str]:
    """What the plugin needs and an environment has not.

    :raises TransplantError: if it has another version, which is not ours to replace.
    """
    missing = []
    for name, need in transplant.needed(target.version).items():
        there = target.distributions.get(name)
        if there is None:
            missing.append(name)
        elif _will_do(there, need):
            continue
        elif there.installer == _INSTALLER and target.own(name) is there:
            missing.append(name)  # put there for an older rim-router
        else:
            raise TransplantError(
                f"{target.prefix} has {name} {there.version}, and rim-router needs {name}{need.versions}",
                hint=f"upgrade it there: {target.python} -m pip install --upgrade {name}",
            )
    return missing


def _will_do(there: Installed, need: transplant.Need) -> bool:
    versions = library("packaging.specifiers").SpecifierSet(need.versions)
    return bool(versions.contains(there.version, prereleases=True))


def _present(target: Target, missing: Iterable[str]) -> set[str]:
    return set(transplant.needed(target.version)) - set(missing)


def _exchange(
    exchange: Exchange, target: Target, old: Sequence[Installed], payloads: Iterable[transplant.Payload]
) -> None:
    names = {each.name: [name for name, _ in each.record] for each in old}
    # Scripts that pip has made stay, and start the new one.
    scripts = [name for name in names.get(OWN, ()) if name.startswith("..")]
    written = transplant.exchange_for(
        exchange,
        payloads,
        target.site_packages,
        replaced=frozenset(name for each in names.values() for name in each),
        kept={OWN: [f"{name},," for name in scripts if (target.site_packages / name).exists()]},
    )
    new = {path.relative_to(target.site_packages).as_posix() for path in written}
    for each in old:
        _remove(
            exchange, each, [name for name in names[each.name] if name not in new and name not in scripts]
        )


def _remove(exchange: Exchange, there: Installed, names: Iterable[str]) -> None:
    top = there.site_packages
    inside = [top / name for name in names if ".." not in name.split("/")]
    try:
        for path in inside:
            if top in path.parents:  # an absolute one is none of ours
                exchange.remove(path)
    except OSError as error:
        raise TransplantError(f"{error.filename} cannot be removed: {error.strerror}") from error
    exchange.tidy(top)
