"""What pip comes to in a made-up scenario: what it says, writes and installs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.support.matrix import release
from tests.support.resolutions import Scenario, install

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from tests.support.environments import Environment

# What a single request's own retry says, where it is only that one.
_RETRY = r"(?m)^\s*WARNING: Retrying .*\n"
# Where a source distribution is built, pip names temporary directories.
_TEMPORARY = r"(?<=pip-)([a-z-]+-)[a-z0-9_]{8}"
# pip's own failures, as on a circle that nobody needs after all: through which functions does not count.
_FRAMES = r"(?m)^( *)Traceback \(most recent call last\):\n(?:\1 .*\n)+"
_LENGTH = r"\[\d+ lines of output\]"
_ADDRESS = r"(?<= at )0x[0-9a-f]+"
_SINCE = {
    # Before, pip crashes on a page that says that there are metadata beside a file (PEP 714).
    "metadata": (23, 2),
    # Before, it takes requirements in the order of a set, which is another one in each process.
    "pkg_resources": (23, 3),
    "lock": (25, 1),
    "inprocess-build-deps": (26, 0),
    "--uploaded-prior-to": (26, 0),
}
_COMMANDS = {
    "dry-run": ("install", "--dry-run", "--ignore-installed", "--report", "report.json"),
    "install": ("install", "--no-compile", "--target", "out", "--report", "report.json"),
    "upgrade": ("install", "--no-compile", "--report", "report.json"),
    "download": ("download", "--dest", "out"),
    "wheel": ("wheel", "--wheel-dir", "out"),
    "lock": ("lock", "--output", "out/pylock.toml"),
}


class Compared(NamedTuple):
    """One scenario, run with everything and with everything turned off.

    :param differences: what differs, with either value.
    :param requests: how many there were, with everything and with nothing.
    """

    kinds: Counter[str]
    differences: dict[str, tuple[object, object]]
    requests: tuple[int, int]


def compare(number: int, environment: Environment, place: Path, pip: str) -> Compared:
    """Run one scenario with and without what is faster.

    :param place: for a directory that is gone afterwards.
    :param pip: its version.
    """
    with contextlib.ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(dir=place)))
        version = release(pip)
        lacking = {what for what, since in _SINCE.items() if version < since}
        scenario = Scenario(number, directory, stack, lacking)
        stack.callback(_empty, environment)
        _outcome(scenario, environment, "off")
        scenario.choose_faults()
        found, requests = [], []
        for speed in ("", "off"):
            found.append(_outcome(scenario, environment, speed))
            requests.append(len(scenario.requested()))
        kinds = scenario.kinds
        kinds["resolved" if found[0]["code"] == 0 else "failed"] += 1
        kinds["sets"] += 1
        kinds["no fault"] += not scenario.fails
        kinds["traceback of pip's own"] += "Traceback" in found[0]["stderr"]
        differences = {
            key: (found[0][key], found[1][key]) for key in found[0] if found[0][key] != found[1][key]
        }
        return Compared(kinds, differences, (requests[0], requests[1]))


def _outcome(scenario: Scenario, environment: Environment, speed: str) -> dict[str, Any]:
    """What a scenario comes to, where it begins with nothing cached; with a cache it is run twice."""
    scenario.arm()
    if scenario.cache is None:
        return _run(scenario, environment, speed)
    shutil.rmtree(scenario.cache, ignore_errors=True)
    first = _run(scenario, environment, speed)
    again = _run(scenario, environment, speed)
    return {**first, **{f"{key} with what is cached": value for key, value in again.items()}}


def _run(scenario: Scenario, environment: Environment, speed: str) -> dict[str, Any]:
    """What one run comes to, where it begins with what is there already."""
    out, report = scenario.directory / "out", scenario.directory / "report.json"
    shutil.rmtree(out, ignore_errors=True)
    report.unlink(missing_ok=True)
    out.mkdir()
    _empty(environment)
    for artifact in scenario.here:
        if scenario.command == "download":
            artifact.write_to(out)
        else:
            install(artifact, environment.site_packages)
    result = environment.pip(
        *_COMMANDS[scenario.command],
        *scenario.arguments,
        cwd=scenario.directory,
        env={
            # Sets of strings have the same order each time.
            "PYTHONHASHSEED": "0",
            "_PIP_USE_IMPORTLIB_METADATA": "1",
            **scenario.environ,
            "RIM_ROUTER_SPEED": speed,
        },
    )
    said = [result.stdout, result.stderr]
    if scenario.is_retried:
        said = [re.sub(_RETRY, "", text) for text in said]
    said = [re.sub(_FRAMES, r"\1Traceback\n", re.sub(_TEMPORARY, r"\1temporary", text)) for text in said]
    said = [re.sub(f"{_LENGTH}|{_ADDRESS}", "", text) for text in said]
    stdout, stderr = (text.splitlines() for text in said)
    return {
        "code": result.returncode,
        "stdout": stdout,
        "stderr": stderr,
        "report": json.loads(report.read_text(encoding="utf-8")) if report.exists() else None,
        "files": dict(_files(out)),
        "installed": dict(chain.from_iterable(map(_files, _installed(environment)))),
    }


def _installed(environment: Environment) -> list[Path]:
    return sorted(environment.site_packages.glob("acme_*"))


def _empty(environment: Environment) -> None:
    """Take away what is installed of made-up projects."""
    for path in _installed(environment):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _files(place: Path) -> Iterator[tuple[str, str]]:
    """The files in a place, or the one that it is, with their digests."""
    for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
        if path.is_file():
            name = path.relative_to(place.parent).as_posix()
            yield name, hashlib.sha256(path.read_bytes()).hexdigest()
