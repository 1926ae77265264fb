"""Count instructions, time paired runs, make environments, print tables: what the comparisons share."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.environments import ROOT, Workshop
from tests.support.matrix import NEWEST, PIPS, Pair, find_pythons, supported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.support.environments import Environment

_COLLECTED = re.compile(r"Collected : (\d+)")
# Strings hash alike in every run, so that every dict and set is laid out alike.
REPEATABLE = {"PYTHONHASHSEED": "0"}

Command = tuple["str | Path", ...]


@contextlib.contextmanager
def workshop() -> Iterator[tuple[Workshop, Path]]:
    """What makes environments, and a directory for them that is gone afterwards.

    Downloads are kept where the tests keep theirs.
    """
    cache = Path(os.environ.get("RIM_ROUTER_TEST_CACHE") or ROOT / ".pytest_cache" / "d" / "rim-router")
    with tempfile.TemporaryDirectory(prefix="rim-router-bench-") as name:
        place = Path(name).resolve()
        (place / "shared").mkdir()
        yield Workshop(cache.resolve(), place / "shared"), place


def pairs(pythons: Iterable[str], pip: str = NEWEST) -> Iterator[Pair]:
    """A pip with each of some Pythons, such as ``"3.13"``, that are here and that it supports."""
    found = find_pythons()
    for text in pythons:
        major, minor = text.split(".")
        version = (int(major), int(minor))
        if version not in found:
            say(f"Python {text} is not here: left out")
        elif pip in PIPS and not supported(pip, version):
            say(f"pip {pip} does not support Python {text}: left out")
        else:
            yield Pair(version, found[version], pip)


def warm(environment: Environment) -> None:
    """Compile everything where it is now: a copied file would have its paths corrected at every import."""
    compileall = ("-m", "compileall", "-q", "-f")
    environment.run(environment.python, *compileall, environment.site_packages, check=True)


def instructions(command: Command, environ: Mapping[str, str], cwd: Path) -> int:
    """The instructions that a program executes in user space, by callgrind; children are not counted."""
    with tempfile.NamedTemporaryFile(prefix="callgrind-", suffix=".log") as log:
        tool = ("--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={log.name}")
        done = subprocess.run(
            ["valgrind", *tool, *map(str, command)], env={**environ, **REPEATABLE}, cwd=cwd,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = _COLLECTED.search(Path(log.name).read_text(encoding="utf-8", errors="replace"))
    if done.returncode or found is None:
        raise RuntimeError(f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return int(found[1])


@dataclass(frozen=True)
class Time:
    """How long one run of a program took, and for how long it had a processor, in seconds."""

    wall: float
    cpu: float


def timed(command: Command, environ: Mapping[str, str], cwd: Path) -> Time:
    """Time one run."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [*map(str, command)], env=dict(environ), cwd=cwd,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return Time(wall, usage.ru_utime + usage.ru_stime)


def interleaved(runs: Mapping[str, Callable[[], Time]], rounds: int) -> list[dict[str, Time]]:
    """Time some things in turns, each round in another order, after one round that does not count.

    What else the machine does then falls on all of them alike, and one round is compared only with itself.
    """
    names = list(runs)
    results = []
    for number in range(rounds + 1):
        turn = number % len(names)
        order = names[turn:] + names[:turn]
        results.append({name: runs[name]() for name in order})
    return results[1:]


def ratio(rounds: Sequence[Mapping[str, Time]], name: str, to: str, of: Callable[[Time], float]) -> str:
    """The median over the rounds of one time divided by another, and its quartiles."""
    ratios = sorted(of(each[name]) / of(each[to]) for each in rounds)
    if len(ratios) < 4:
        return f"{statistics.median(ratios):.3f}"
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def verdict(value: float, target: float) -> str:
    """Whether a target is met, in words."""
    return "met" if value <= target else "MISSED"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table; all columns but the first are aligned right."""
    lines = ["| " + " | ".join(head) + " |", "| :-- |" + " --: |" * (len(head) - 1)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def heading(text: str) -> None:
    """Print a heading, with what the figures below it were made on."""
    done = subprocess.run(["valgrind", "--version"], capture_output=True, text=True, check=False)
    made_on = (time.strftime("%Y-%m-%d"), platform.system(), platform.machine(), done.stdout.strip())
    print(f"### {text}\n\n{', '.join(made_on)}.\n", flush=True)


def say(text: str) -> None:
    """Progress, for whoever waits; not part of the result."""
    print(text, file=sys.stderr, flush=True)
