"""rim-router doctor: tell whether pip here is routed, and what stands in the way."""

from __future__ import annotations

import os
import platform
import ssl
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router import __version__
from rim_router.cli import shapes, views
from rim_router.cli.doctor import elsewhere
from rim_router.cli.rendering import NO, OK, add_json, add_python, add_verbose, count, fields, print_json, say
from rim_router.cli.tables import tables_in_force
from rim_router.config import load_files
from rim_router.config.switch import DISABLE, REQUIRE, decide
from rim_router.environments import startup
from rim_router.environments.copies import copies
from rim_router.errors import MustBeRoutedError, RimRouterError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from rim_router.cli.doctor import shape
    from rim_router.config import LayerFile
    from rim_router.rules.table import RoutingTable

# The hooks are imported by this command only, and late: they make pip's own copies of libraries serve.

_PROBE = (
    "import sys; first, later = map(sys.modules.get, ('_rim_router', '_rim_router.waiter')); "
    "sys.stdout.write(str(any(f in (first, getattr(later, 'waiter', first)) for f in sys.meta_path)))"
)
_GOOD = ("routed", "inert", "no-pip")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_python(parser)
    add_verbose(parser, "every hook point")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Examine this environment; 1 if pip here would refuse, or would not be routed."""
    if args.python is not None:
        return elsewhere.doctor(args.python, as_json=args.json, verbose=args.verbose)
    report = examine()
    if args.json:
        print_json(report)
    else:
        say("\n".join(_text(report, verbose=args.verbose)))
    return OK if report["state"] in _GOOD else NO


def examine() -> shape.DoctorReport:
    """Everything that the command reports."""
    files, table, table_error = _tables()
    plugin, pip = _plugin(), _pip()
    off, refusal = _decided(files)
    state, why = _state(plugin, pip, in_force=bool(files), table_error=table_error, off=off, refusal=refusal)
    return {
        "version": shapes.VERSION,
        "state": state,
        "why": why,
        "python": f"{platform.python_version()} ({sys.executable or 'unknown'})",
        "implementation": platform.python_implementation(),
        "os": platform.platform(),
        "plugin": plugin,
        "pip": pip,
        "tables": views.located(files),
        "table_error": table_error,
        "indexes": [views.index(index) for index in table.indexes],
        "routes": sum(1 for _ in views.merged(table)),
        "policy": views.policy(table.policy),
        "switch": os.environ.get(DISABLE) or None,
        "required": os.environ.get(REQUIRE) or None,
        "openssl": ssl.OPENSSL_VERSION,
        "certifi": _version("certifi"),
        "other_patches": [{"file": str(file), "line": line} for file, line in startup.other_patches()],
        "copies": [{"package": name, "directory": str(path)} for name, path in copies()],
    }


def _state(
    plugin: shape.Plugin,
    pip: shape.Pip,
    *,
    in_force: bool,
    table_error: str | None,
    off: bool,
    refusal: str | None,
) -> tuple[str, str]:
    """What pip here would do, and why."""
    if pip["version"] is None:
        return "no-pip", "there is no pip in this environment"
    if not plugin["active"]:
        return "open", "the plugin is not active in this environment: reinstall rim-router with pip"
    if not plugin["active_isolated"]:
        return (
            "open",
            "the plugin is not active under `python -I`: install it outside the user's site-packages",
        )
    if refusal is not None:
        return "refuses", refusal
    if off:
        return "open", f"{DISABLE}=1 turns routing off: unset it"
    if table_error is not None:
        return "refuses", "the routing table cannot be used: correct it"
    if not in_force:
        return "inert", "no routing table is in force here: pip behaves as without the plugin"
    if not pip["routable"]:
        return "refuses", f"this pip cannot be routed: use pip {pip['supported']}, or upgrade rim-router"
    return "routed", "pip here is routed by the table"


def _decided(files: Iterable[LayerFile]) -> tuple[bool, str | None]:
    """Whether routing is turned off here, and why pip stops because of that, or because there is no table."""
    central = [file for file in files if file.layer == "central"]
    try:
        return decide(fetch=(lambda: central[0]) if central else None)[1], None
    except MustBeRoutedError as error:
        return False, f"{error.message}: {error.hint}"
    except RimRouterError:
        return False, None  # it is told with the tables


def _tables() -> tuple[tuple[LayerFile, ...], RoutingTable, str | None]:
    """The files in force, as far as they are known; what they say together; and what is wrong with them."""
    files: tuple[LayerFile, ...] = ()
    try:
        files = tables_in_force()
        return files, load_files(files), None
    except RimRouterError as error:
        return files, load_files(()), str(error)


def _plugin() -> shape.Plugin:
    return {
        "version": __version__,
        "package": str(Path(startup.__file__).resolve().parents[1]),
        "startup_files": [str(file) for file in startup.own_files()],
        "active": _waits_for_pip(),
        "active_isolated": _waits_for_pip("-I"),
    }


def _waits_for_pip(*options: str) -> bool:
    """Whether a fresh interpreter of this environment waits for pip."""
    if not sys.executable:
        return False
    # Away from the working directory, whose own modules are none of pip's.
    found = subprocess.run(
        [sys.executable, *options, "-c", _PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL, check=False, text=True,
    )  # fmt: skip
    return found.returncode == 0 and found.stdout.strip() == "True"


def _pip() -> shape.Pip:
    from rim_router.hooks import seams

    oldest, newest = (".".join(map(str, numbers)) for numbers in (seams.OLDEST, seams.NEWEST_TESTED))
    supported = f"{oldest} to {newest}"
    try:
        found = seams.pip_version()
    except ImportError:
        return {"version": None, "supported": supported, "routable": False, "hook_points": []}
    probed = seams.probe()
    hook_points: list[shape.HookPoint] = [
        {"place": seam.place, "why": seam.reason, "fault": fault} for seam, fault in probed
    ]
    failing = any(fault and seam.feature is None for seam, fault in probed)
    routable = seams.release(found) >= seams.OLDEST and not failing
    return {"version": found, "supported": supported, "routable": routable, "hook_points": hook_points}


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _text(report: shape.DoctorReport, *, verbose: bool) -> Iterator[str]:
    yield f"{report['state']}: {report['why']}"
    pip = _pip_lines(report["pip"], verbose=verbose)
    yield from fields([*_plugin_lines(report), *pip, *_other_lines(report)])


def _plugin_lines(report: shape.DoctorReport) -> Iterator[tuple[str, str]]:
    plugin = report["plugin"]
    yield "rim-router", f"{plugin['version']} in {plugin['package']}"
    for file in plugin["startup_files"] or ["none found"]:
        yield "start-up files", file
    yield "active", ("yes" if plugin["active"] else "NO") + ", in a new interpreter"
    yield "active", ("yes" if plugin["active_isolated"] else "NO") + " with python -I"
    if report["switch"] is not None:
        effect = "" if report["switch"] == "1" else " has no effect: only 1 has"
        yield "switch", f"{DISABLE}={report['switch']}{effect}"
    if report["required"] is not None:
        yield "required", f"{REQUIRE}={report['required']}: pip looks up nothing without a table"
    for table in report["tables"]:
        yield "tables", f"{table['file']} ({table['layer']})"
    if report["table_error"] is not None:
        for line in report["table_error"].splitlines():
            yield "tables", line
    elif not report["tables"]:
        yield "tables", "none"


def _pip_lines(pip: shape.Pip, *, verbose: bool) -> Iterator[tuple[str, str]]:
    if pip["version"] is None:
        yield "pip", f"none (supported: {pip['supported']})"
        return
    yield "pip", f"{pip['version']} (supported: {pip['supported']})"
    failing = sum(point["fault"] is not None for point in pip["hook_points"])
    yield "hook points", f"{count(len(pip['hook_points']), 'hook point')} probed, {failing or 'none'} failing"
    for point in pip["hook_points"]:
        if verbose or point["fault"] is not None:
            yield "hook points", f"{point['fault'] or 'ok'}: {point['place']} ({point['why']})"


def _other_lines(report: shape.DoctorReport) -> Iterator[tuple[str, str]]:
    yield "python", report["python"]
    yield "system", report["os"]
    yield "OpenSSL", report["openssl"]
    yield "certifi", report["certifi"] or "missing"
    for patch in report["other_patches"]:
        yield "other patches", f"{patch['file']}: {patch['line']}"
    if not report["other_patches"]:
        yield "other patches", "none found"
    for copy in report["copies"]:
        yield "copies of pip", f"{copy['package']} in {copy['directory']}: not routed; it stops under a table"
