"""What does the plugin cost an interpreter that has nothing to do with pip?

Counts the instructions of ``python -c pass`` in virtual environments that differ in one thing only:

* nothing but pip;
* a ``.pth`` file with one line that imports ``sys``: what any start-up file at all costs;
* a ``.pth`` file that imports an empty module: the least that start-up code in a file of its own can cost;
* one that imports a package which puts a finder into ``sys.meta_path``: the least that anything can cost
  that waits for pip;
* rim-router's wheel with everything it needs, and the same without its start-up file: what merely
  having more directories in site-packages costs;
* setuptools (``distutils-precedence.pth``) and pip-system-certs, which hook into Python by the same means.

Instructions in user space are counted by callgrind, with string hashing fixed and every module compiled, so
that a figure repeats to about one part in a thousand; the median of several runs is shown, and how far they
are apart. No time is measured: it would be noise.
"""

from __future__ import annotations

import argparse
import statistics
from typing import TYPE_CHECKING

from bench.measure import heading, instructions, pairs, say, table, verdict, warm, workshop

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.environments import Environment, Workshop
    from tests.support.matrix import Pair, Version

# Millions of instructions more than a bare interpreter.
TARGETS: dict[Version, float] = {(3, 11): 1.0, (3, 13): 2.5, (3, 15): 1.5}
PEERS = ("setuptools", "pip-system-certs==5.3")

_HOOK = """
import sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        return None

sys.meta_path.insert(0, Finder())
"""


def _with_files(environment: Environment, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = environment.site_packages / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _with_peer(shop: Workshop, environment: Environment, requirement: str) -> None:
    directory = shop.shared / requirement
    if not directory.exists():
        shop.fetch(directory, requirement, using=environment.pair.interpreter)
    environment.pip("install", "--no-index", "--find-links", directory, requirement, check=True)


def environments(shop: Workshop, pair: Pair, place: Path) -> dict[str, Environment]:
    """What is compared, the bare one first."""

    def plain(name: str, files: dict[str, str] | None = None) -> Environment:
        made = shop.make(pair, place / name, equipped=False)
        _with_files(made, files or {})
        return made

    made = {
        "bare": plain("bare"),
        "any `.pth`": plain("line", {"probe.pth": "import sys\n"}),
        "`.pth` and an empty module": plain("file", {"probe.pth": "import probe\n", "probe.py": ""}),
        "`.pth` and an import hook": plain(
            "hook", {"probe.pth": "import probe\n", "probe/__init__.py": _HOOK}
        ),
        "rim-router without its start-up file": shop.make_inert_twin(pair, place / "inert"),
        "**rim-router**": shop.make(pair, place / "rims"),
    }
    for requirement in PEERS:
        environment = plain(requirement)
        _with_peer(shop, environment, requirement)
        name = requirement.partition("==")[0]
        made[f"{name} {environment.installed()[name]}"] = environment
    for environment in made.values():
        warm(environment)
    return made


def measure(environment: Environment, runs: int) -> list[int]:
    """The instructions of an interpreter that does nothing, in several runs."""
    command = (environment.python, "-c", "pass")
    environ = environment.environ()
    environment.run(*command, check=True)
    return sorted(instructions(command, environ, environment.project) for _ in range(runs))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.startup", description=__doc__.splitlines()[0])
    parser.add_argument("--python", nargs="+", default=["3.11", "3.13", "3.15"], metavar="X.Y")
    parser.add_argument("--runs", type=int, default=3, help="runs of each (%(default)s)")
    options = parser.parse_args()
    heading("Start-up")
    with workshop() as (shop, place):
        for pair in pairs(options.python):
            rows = []
            bare = 0.0
            for name, environment in environments(shop, pair, place / str(pair)).items():
                say(f"{pair}: {name}")
                counts = measure(environment, options.runs)
                total = statistics.median(counts) / 1e6
                bare = bare or total
                target = TARGETS.get(pair.python) if "**" in name else None
                against = "" if target is None else f"{target:+.1f}: {verdict(total - bare, target)}"
                spread = f"{(counts[-1] - counts[0]) / 1e6:.2f}"
                rows.append((name, f"{total:.2f}", f"{total - bare:+.2f}", against, spread))
            print(f"Python {pair.python[0]}.{pair.python[1]}, `python -c pass`, million instructions:\n")
            head = ("environment", "total", "more than bare", "target", "spread of the runs")
            print(table(head, rows), flush=True)


if __name__ == "__main__":
    main()
