"""rim-router equip: put rim-router itself into other environments, without a network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rim_router import __version__
from rim_router.cli import shapes
from rim_router.cli.rendering import NO, OK, UNUSABLE, add_json, columns, count, print_json, say, tell
from rim_router.environments import discover
from rim_router.environments.equip import State, check, equip, remove
from rim_router.environments.target import TargetError
from rim_router.errors import RimRouterError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence

    from rim_router.cli.equip.shape import EquippedEnvironment, EquipReport
    from rim_router.environments.equip import Outcome

_GOOD = {
    "equip": (State.EQUIPPED, State.ADDED, State.REPLACED),
    "check": (State.EQUIPPED,),
    "remove": (State.REMOVED, State.ABSENT),
}
_HINTS = {
    State.ABSENT: "rim-router equip {}",
    State.OTHER: "rim-router equip {}",
    State.DAMAGED: "rim-router equip {}",
}


class _Place(NamedTuple):
    """An environment to see to.

    :param found: whether it was found, and not named.
    """

    path: Path
    found: bool


class _Result(NamedTuple):
    """What came of it; an error if nothing did."""

    path: Path
    outcome: Outcome | None
    error: RimRouterError | None = None


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments and options."""
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="an environment, or an interpreter such as /usr/bin/python3",
    )
    parser.add_argument(
        "--recursive",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="every virtual environment in DIR and below, such as .tox, .nox or the folder of uv's tools",
    )
    parser.add_argument("--pipx", action="store_true", help="every environment of pipx (PIPX_HOME counts)")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--check",
        action="store_true",
        help="change nothing; 1 if one has not this very version, complete and active",
    )
    kind.add_argument("--remove", action="store_true", help="take away what this command has put there")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """See to each environment; 1 if one is not as it should be."""
    if not (args.paths or args.recursive or args.pipx):
        tell("ERROR: no environment is named: give a PATH, --recursive DIR or --pipx")
        return UNUSABLE
    action = "check" if args.check else "remove" if args.remove else "equip"
    acts: dict[str, Callable[[Path], Outcome]] = {"check": check, "remove": remove, "equip": equip}
    places = [*_places(args.paths, args.recursive, pipx=args.pipx)]
    results = [_see_to(place, acts[action]) for place in places]
    good = [result.outcome is not None and result.outcome.state in _GOOD[action] for result in results]
    # A check that has looked at nothing has shown nothing.
    ok = all(good) and bool(results or action != "check")
    if args.json:
        print_json(_report(results, ok=ok))
    else:
        _print(results, good)
    return OK if ok else NO


def _places(named: Sequence[Path], folders: Sequence[Path], *, pipx: bool) -> Iterator[_Place]:
    """Each environment once.

    :raises TargetError: if a folder cannot be read.
    """
    searched = [*folders, *(discover.of_pipx(os.environ) if pipx else ())]
    places = [_Place(path, found=False) for path in named]
    places += [_Place(path, found=True) for folder in searched for path in discover.below(folder)]
    seen = set()
    for place in places:
        path = os.path.abspath(place.path.expanduser())  # noqa: PTH100 - links stay
        if path not in seen:
            seen.add(path)
            yield _Place(Path(path), place.found)


def _see_to(place: _Place, act: Callable[[Path], Outcome]) -> _Result:
    try:
        python = discover.interpreter(place.path)
        if place.found and (owner := discover.stranger(place.path)) is not None:
            raise TargetError(
                f"it belongs to another user ({owner}), and to look at it is to run its interpreter",
                hint=f"run this as that user, or name it: rim-router equip {place.path}",
            )
        return _Result(place.path, act(python))
    except RimRouterError as error:
        return _Result(place.path, None, error)


def _state(result: _Result) -> str:
    return "refused" if result.outcome is None else result.outcome.state.value


def _print(results: Sequence[_Result], good: Sequence[bool]) -> None:
    if not results:
        tell("No environment was found.")
        return
    say("\n".join(columns([[_state(result), str(result.path), *_remark(result)] for result in results])))
    for result in results:
        if result.error is not None:
            said = str(result.error)
            named = said if said.startswith(str(result.path)) else f"{result.path}: {said}"
            tell(f"ERROR: {named}")
    if not all(good):
        bad = good.count(False)
        of = count(len(good), "environment")
        tell(f"{bad} of {of} {'is' if bad == 1 else 'are'} not as asked for")


def _remark(result: _Result) -> list[str]:
    if result.outcome is None:
        return [""]
    before = result.outcome.before
    was = f"it had {before}" if result.outcome.state is State.REPLACED else ""
    return [result.outcome.why or was]


def _report(results: Sequence[_Result], *, ok: bool) -> EquipReport:
    return {
        "version": shapes.VERSION,
        "rim_router": __version__,
        "ok": ok,
        "environments": [_environment(result) for result in results],
    }


def _environment(result: _Result) -> EquippedEnvironment:
    outcome, error = result.outcome, result.error
    hint = None if outcome is None else _HINTS.get(outcome.state)
    said = None if error is None else "\n".join([error.message, *error.notes])
    return {
        "path": str(result.path),
        "python": None if outcome is None else outcome.target.full_version,
        "state": _state(result),
        "before": None if outcome is None else outcome.before,
        "why": said if outcome is None else outcome.why,
        "hint": error.hint if error is not None else hint and hint.format(result.path),
    }
