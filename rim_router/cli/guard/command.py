"""rim-router guard: put rim+ in front of pip's index URLs, so that no pip or uv goes without the plugin."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.cli.doctor.command import examine
from rim_router.cli.guard import uv
from rim_router.cli.guard.named import Named, named_in
from rim_router.cli.rendering import NO, OK, add_json, fields, print_json, say
from rim_router.cli.shapes import VERSION
from rim_router.errors import RimRouterError
from rim_router.rules.guards import DEFAULT_INDEX, GUARD, Guarded, is_guarded
from rim_router.rules.secrets import has_secret
from rim_router.rules.urls import is_local, redact

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from rim_router.cli.guard import shape

_KEYS = ("index-url", "pypi-url", "extra-index-url")  # the second is another name of the first
_MAINS = ("index-url", "pypi-url")
_LINKS = "find-links"  # which cannot be guarded
_LEVELS = ("user", "site", "global")
_MAIN = "global.index-url"
_VARIABLE = ":env:."
_DEFAULT = "pip's default"


class GuardError(RimRouterError):
    """The configuration of pip or uv cannot be read or changed."""

    reference = "guard-failed"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "do",
        choices=("on", "off", "status"),
        metavar="on|off|status",
        help="turn the guard on or off, or show its state",
    )
    level = parser.add_mutually_exclusive_group()
    for name in _LEVELS:
        level.add_argument(
            f"--{name}", dest="level", action="store_const", const=name, help=f"pip's {name} configuration"
        )
    parser.add_argument("--uv", action="store_true", help="the configuration of uv instead of pip's")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Guard, free or look; 1 if pip here is open, or if something is not guarded afterwards.

    :raises GuardError: if the configuration cannot be read or changed.
    """
    if args.uv:
        path = uv.path(args.level or "user")
        changed = uv.change(path, _guarded if args.do == "on" else _freed) if args.do != "status" else []
        places: list[Named] = [Named(*place) for place in uv.in_force(path)]
    else:
        acts = {"on": _on, "off": _off}
        changed = acts[args.do](args.level or "user") if args.do in acts else []
        places = _places()
    report = _report(places, changed, uv=args.uv)
    if args.json:
        print_json(report)
    else:
        say("\n".join(_text(report, uv=args.uv)))
    is_whole = report["guard"] == "on" and not any(index["secret"] for index in report["indexes"])
    is_done = is_whole if args.do == "on" else report["here"] != "open" or args.do == "off"
    return OK if is_done else NO


def _on(level: str) -> list[str]:
    changed = _change(level, read_settings(level), _guarded)
    if not _has_main(read_settings()):
        # Without an index URL pip asks PyPI, and no guard is in front of that.
        _pip("set", _MAIN, GUARD + DEFAULT_INDEX, level=level)
        changed.append(_MAIN)
    return changed


def _off(level: str) -> list[str]:
    values = read_settings(level)
    for key, value in values.items():
        if is_guarded(value) and _key(key) in _MAINS and Guarded.parse(value).is_table:
            raise GuardError(
                f"{key} is a routing table: {Guarded.parse(value)}",
                hint=f"to go without it, run: python -m pip config --{level} unset {key}",
            )
    changed = _change(level, values, _freed)
    if values.get(_MAIN) == GUARD + DEFAULT_INDEX:
        _pip("unset", _MAIN, level=level)
        # Of another level, which did not count until now.
        if not is_guarded(read_settings().get(_MAIN, GUARD)):
            _pip("set", _MAIN, DEFAULT_INDEX, level=level)
    return changed


def _guarded(url: str) -> str:
    # pip without this plugin warns of a scheme that it does not know with all of the URL, password and all.
    return url if is_guarded(url) or has_secret(url) else GUARD + url


def _freed(url: str) -> str:
    return url[len(GUARD) :] if is_guarded(url) else url


def _change(level: str, values: Mapping[str, str], make: Callable[[str], str]) -> list[str]:
    changed = []
    for key, value in values.items():
        new = re.sub(r"\S+", lambda match: make(str(match.group())), value)
        if _key(key) is not None and new != value:
            _pip("set", key, new, level=level)
            changed.append(key)
    return changed


def _has_main(values: Mapping[str, str]) -> bool:
    """Whether anything takes the place of pip's default index."""
    return any(
        value.strip() and section in ("global", _VARIABLE[:-1]) and name in _MAINS
        for key, value in values.items()
        for section, _, name in (key.rpartition("."),)
    )


def _key(name: str) -> str | None:
    """Which of the two keys a setting is, whatever section of the configuration it is in."""
    key = name.rpartition(".")[2]
    return key if key in _KEYS else None


def _is_links(name: str) -> bool:
    return name.lower().replace("_", "-").endswith(_LINKS)


def _places() -> list[Named]:
    """Every index URL and every place of find-links that pip has now, with the setting that gives it."""
    values = read_settings()
    levels = {level: read_settings(level) for level in ("site", "user", "global")}  # as they count
    found = [
        Named(_setting(key, value, levels), url)
        for key, value in values.items()
        if _key(key) is not None or _is_links(key)
        for url in value.split()
    ]
    if not _has_main(values):
        found.append(Named(_DEFAULT, DEFAULT_INDEX))
    from rim_router.hooks.configured import indexes, options

    # What pip itself makes of all that, and what files that are always read may add.
    known = {url for _, url in found}
    for command in ("install", "download", "wheel"):
        given = options(command)
        if given is None:
            break
        found += [Named(f"pip {command}", url) for url in indexes(given) if url not in known]
        known.update(indexes(given))
        for kind in ("constraints", "requirements", "build_constraints"):
            for file in getattr(given, kind, None) or ():
                found += [each for each in named_in(Path(file)) if each not in found]
    return found


def _setting(key: str, value: str, levels: Mapping[str, Mapping[str, str]]) -> str:
    """A setting, with what has it where several files can."""
    if key.startswith(_VARIABLE):
        return f"PIP_{key[len(_VARIABLE) :].replace('-', '_').upper()}"
    level = next((name for name, settings in levels.items() if settings.get(key) == value), None)
    return f"{level or 'PIP_CONFIG_FILE'}: {key}"


def read_settings(level: str | None = None) -> dict[str, str]:
    """pip's settings at a level; those in force for no level, variables included."""
    values: dict[str, str] = {}
    several = set()
    for line in _pip("list", level=level).splitlines():
        key, equals, value = line.partition("=")
        # pip lists variables at every level, and they are of none.
        if equals and re.fullmatch(r"[\w:.-]+", key) and (level is None or not key.startswith(_VARIABLE)):
            text = str(ast.literal_eval(value))
            if values.setdefault(key, text) != text:
                several.add(key)
    for key in several:  # newer pips list the settings of each file, in no order that counts
        values[key] = _pip("get", key, level=level).strip()
    return values


def _pip(*args: str, level: str | None) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "config"]
    command += [] if level is None else [f"--{level}"]
    done = subprocess.run([*command, *args], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        act = "read" if args[0] == "list" else "changed"
        which = "configuration" if level is None else f"{level} configuration"
        raise GuardError(
            f"pip's {which} cannot be {act}: {said[-1] if said else ''}",
            hint="see what `python -m pip config debug` says of its files",
        )
    return done.stdout


def _report(places: list[Named], changed: list[str], *, uv: bool) -> shape.GuardReport:
    unread = [key for key, place in places if place is None]
    indexes = [(key, url) for key, url in places if url is not None and not _is_links(key)]
    links = [(key, place) for key, place in places if place is not None and _is_links(key)]
    states = [is_guarded(url) for _, url in indexes]
    has_open_links = not all(_is_on_this_machine(place) for _, place in links)
    is_whole = all(states) and not has_open_links and not unread
    guard = "off" if not any(states) else "on" if is_whole else "part"
    if uv:
        here, why = ("refuses" if guard == "on" else "open"), "uv is not routed"
    else:
        doctor = examine()
        here = doctor["state"] if doctor["state"] in ("routed", "refuses") else "open"
        why = doctor["why"]
    if guard == "part":
        here = "open"
        why = (
            "some index URLs are guarded, and others are not"
            if not all(states)
            else "find-links lead to a server"
            if has_open_links
            else "a file that pip always reads cannot be read here, and may name an index"
        )
    return {
        "version": VERSION,
        "guard": guard,
        "here": here,
        "why": why,
        "indexes": [
            {
                "setting": key,
                "url": redact(_freed(url)),
                "guarded": is_guarded(url),
                "secret": has_secret(_freed(url)),
            }
            for key, url in indexes
        ],
        "find_links": [{"setting": key, "place": redact(place)} for key, place in links],
        "unread": unread,
        "changed": changed,
    }


def _is_on_this_machine(place: str) -> bool:
    return ("://" not in place and "$" not in place) or is_local(place)


def _remedy(setting: str, *, uv: bool) -> str:
    """What guards an index that is not guarded, beside others that are."""
    if setting.startswith(("PIP_", "UV_")):
        name = setting.partition(":")[0]
        return f"unset {name}, or put rim+ in front there"
    if uv:
        return "rim-router guard on --uv --global, or by hand in that file"
    level = setting.partition(":")[0]
    if level in _LEVELS:
        return f"rim-router guard on --{level}"
    return "rim-router guard on" if setting == _DEFAULT else "put rim+ in front there"


_IN_CLEAR = "it has credentials in clear, and pip without rim-router {}: move them to netrc or keyring{}"
_ELSEWHERE = {
    "on": "finds nothing, and asks nobody",
    "part": "leaves out the guarded indexes, and goes on with the rest",
    "off": "is open: it looks up every name on every index",
}


def _text(report: shape.GuardReport, *, uv: bool) -> list[str]:
    rows = [("guard", report["guard"])]
    for index in report["indexes"]:
        state = "guarded" if index["guarded"] else "not guarded"
        rows.append(("index", f"{index['url']} ({index['setting']}): {state}"))
        if index["secret"]:
            words = ("prints them", "") if index["guarded"] else ("would print them", ", then guard it")
            rows.append(("", "  " + _IN_CLEAR.format(*words)))
        elif report["guard"] == "part" and not index["guarded"]:
            rows.append(("", f"  to guard it: {_remedy(index['setting'], uv=uv)}"))
    rows += [
        (_LINKS, f"{link['place']} ({link['setting']}): cannot be guarded") for link in report["find_links"]
    ]
    rows += [("file", f"{each}: cannot be read, and may name an index") for each in report["unread"]]
    if not uv:
        rows.append(("pip here", f"{report['here']}: {report['why']}"))
    elsewhere = _ELSEWHERE[report["guard"]]
    if report["guard"] == "on" and report["find_links"]:
        elsewhere = "finds what is in those directories, and asks nobody"
    rows.append(("uv" if uv else "pip without rim-router", elsewhere))
    return fields(rows, indent="")
