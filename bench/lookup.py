"""What does a look-up cost, and loading the table, as the table grows?

*Look-up*: ``RoutingTable.route``, made to forget its decisions before each, for 3,000 names, one third each
under an exact route, under a prefix, and under ``*`` only; the shortest time of several passes, without
garbage collections. Next to it the same with a table that tries one pattern after the other, as
``fnmatch`` or a list of regular expressions do. As times also show how far away the memory of a large table
is, instructions are counted too, as the difference of two processes of which one looks nothing up, divided
by the look-ups.

What the cost of a look-up may depend on is the number of distinct lengths that prefixes have; it is the same
at each size, three besides ``*``. The last row has a prefix of every length up to 58 characters.

*Loading*: ``load_files`` of a file with so many routes to ten indexes, the shortest of several times, next
to what of it is ``tomllib``, which pip uses too. Memory is what Python has allocated for the table.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from bench.measure import heading, instructions, say, table
from rim_router.config import LayerFile, load_files
from rim_router.libraries import toml
from rim_router.rules.names import Pattern
from rim_router.rules.policy import Policy
from rim_router.rules.source import Source
from rim_router.rules.table import Index, Kind, Route, RoutingTable, Target
from tests.support.environments import ROOT
from tests.support.tables import table as routing_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SIZES = (10, 1_000, 100_000)
LOADED = (10, 1_000, 10_000, 100_000)
INDEXES = 10
ASKED = 3_000
EVERY_LENGTH = 59


def patterns(size: int) -> list[str]:
    """Nine tenths exact names, and prefixes of three lengths, and ``*``."""
    prefixes = max(3, size // 10 - 1)
    groups = ("team-group-", "team-", "")
    wild = [f"{groups[n % 3]}{n:06d}-*" for n in range(prefixes)]
    exact = [f"project-{n:06d}" for n in range(size - prefixes - 1)]
    return [*exact, *wild, "*"]


def names(of: list[str]) -> list[str]:
    """What to look up."""
    exact = [each for each in of if not each.endswith("*")]
    wild = [each[:-1] for each in of if each.endswith("*") and len(each) > 1]
    pick = random.Random(0)
    asked = []
    for n in range(ASKED // 3):
        asked += [pick.choice(exact), f"{pick.choice(wild)}{n:04d}", f"unrelated-thing-{n:04d}"]
    return asked


def every_length() -> list[str]:
    """A prefix of every length that is possible for a name of 60 characters."""
    return [*("a" * length + "*" for length in range(1, EVERY_LENGTH)), "*"]


class OneAfterTheOther:
    """Routes without any order but one: the first that matches is the most specific."""

    def __init__(self, routes: Iterable[tuple[Pattern, tuple[Route, ...]]]) -> None:
        self._routes = sorted(routes, key=lambda each: (each[0].prefix, -len(each[0].literal)))

    def matching(self, name: str) -> Iterator[tuple[Pattern, tuple[Route, ...]]]:
        """All that match."""
        return (each for each in self._routes if each[0].matches(name))


def build(of: Iterable[str], *, slow: bool = False) -> RoutingTable:
    """A table without a file."""
    source = Source("project", "table")
    index = Index("index", "https://index.example/simple", source)
    targets = (Target(Kind.INDEXES, (index,)),)
    routes = [(pattern, (Route(pattern, targets, source),)) for pattern in map(Pattern.parse, of)]
    made = RoutingTable(routes, Policy(), (source,), (index,))
    if slow:
        made.routes = OneAfterTheOther(routes)  # type: ignore[assignment]
    return made


def first_time(routing: RoutingTable) -> Callable[[str], object]:
    """Its look-up, without what it remembers."""
    forget, route = routing._decisions.clear, routing.route

    def look_up(name: str) -> object:
        forget()
        return route(name)

    return look_up


def _shortest(passes: int, look_up: Callable[[str], object], asked: list[str]) -> float:
    """Microseconds for one look-up."""
    best = float("inf")
    gc.disable()
    for _ in range(passes):
        start = time.perf_counter()
        for name in asked:
            look_up(name)
        best = min(best, time.perf_counter() - start)
    gc.enable()
    return best / len(asked) * 1e6


def _look_up(kind: str) -> tuple[list[str], list[str]]:
    """The patterns and the names of one row."""
    if kind == "every length":
        return every_length(), [f"{'a' * 50}{n:010d}" for n in range(ASKED)]
    of = patterns(int(kind))
    return of, names(of)


def _instructions(kind: str) -> float:
    """The instructions of one look-up."""
    environ = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    command = (sys.executable, "-m", "bench.lookup", "--child", kind)
    # The first process compiles what has changed since the last time.
    subprocess.run([*command, "0"], env=environ, cwd=ROOT, check=True)
    without, with_all = (instructions((*command, str(n)), environ, ROOT) for n in (0, ASKED))
    return (with_all - without) / ASKED


def lookups(passes: int) -> None:
    """Print the table of look-ups."""
    rows = []
    for kind in (*map(str, SIZES), "every length"):
        say(f"look-up: {kind}")
        of, asked = _look_up(kind)
        lengths = len({len(each) for each in of if each.endswith("*")})
        ours = _shortest(passes, first_time(build(of)), asked)
        # The slow one gets fewer names, of the same mixture.
        few = asked[: max(30, 30_000 // len(of))]
        theirs = _shortest(2, first_time(build(of, slow=True)), few)
        rows.append((f"{len(of):,}", lengths, f"{ours:.2f}", f"{_instructions(kind):,.0f}", f"{theirs:,.1f}"))
    print("Look-up of a name for the first time:\n")
    head = ("routes", "lengths of prefixes", "µs", "instructions", "one after the other (µs)")
    print(table(head, rows), flush=True)


def text(size: int) -> str:
    """A table file."""
    indexes = {f"index-{n}": f"https://index-{n}.example/simple" for n in range(INDEXES)}
    routes = {pattern: f"index-{n % INDEXES}" for n, pattern in enumerate(patterns(size))}
    return routing_table(indexes, routes)


def _file(content: bytes) -> LayerFile:
    return LayerFile("project", Path.cwd() / "index-routing.toml", False, content)


def _memory(size: int) -> float:
    """Megabytes that a loaded table takes, by a process that does nothing else."""
    command = [sys.executable, "-m", "bench.lookup", "--child", "memory", str(size)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))


def loading(passes: int) -> None:
    """Print the table of loading."""
    rows = []
    for size in LOADED:
        say(f"loading: {size}")
        written = text(size)
        whole = reading = float("inf")
        for _ in range(passes):
            start = time.perf_counter()
            load_files([_file(written.encode())])
            whole = min(whole, time.perf_counter() - start)
            start = time.perf_counter()
            toml().loads(written)
            reading = min(reading, time.perf_counter() - start)
        rows.append(
            (
                f"{size:,}", f"{len(written) / 1e6:.3f}", f"{whole:.4f}", f"{whole / size * 1e6:.1f}",
                f"{reading:.4f}", f"{_memory(size):.2f}",
            )
        )  # fmt: skip
    print("Loading a table:\n")
    head = ("routes", "file (MB)", "load (s)", "per route (µs)", "of it `tomllib` (s)", "memory (MB)")
    print(table(head, rows), flush=True)


def _child(kind: str, number: int) -> None:
    if kind == "memory":
        file = _file(text(number).encode())
        load_files([_file(text(1 + 9).encode())])  # modules, and what is made once
        tracemalloc.start()
        loaded = load_files([file])
        print(json.dumps(tracemalloc.get_traced_memory()[0] / 1e6))
        del loaded
    else:
        of, asked = _look_up(kind)
        look_up = first_time(build(of))
        gc.disable()
        for name in asked[:number]:
            look_up(name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.lookup", description=__doc__.splitlines()[0])
    parser.add_argument("--passes", type=int, default=5, help="of which the shortest is shown (%(default)s)")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _child(options.child[0], int(options.child[1]))
        return
    heading("Look-up")
    print(f"Python {sys.version_info[0]}.{sys.version_info[1]}.\n")
    lookups(options.passes)
    loading(options.passes)


if __name__ == "__main__":
    main()
