"""What does routing cost a pip that resolves 55 projects, and what does each further index cost?

The projects form one graph: five are asked for, and each asks for up to three others. Each has twelve
versions, with a wheel and a source distribution, so that a page has 24 files. Nine groups of five have a
prefix in common, five are routed by exact names, and the other five by ``*``. With K indexes every project
is on one of them, and the routes say on which; plain pip is given the first by ``--index-url``, and the
others by ``--extra-index-url``. For plain pip with a single index everything is on one more server.

*Instructions* of a whole ``pip install --dry-run`` are counted by callgrind (user space, string hashing
fixed, every module compiled), from servers on loopback, and from ``file:`` URLs, where pages cost pip least
and routing therefore weighs most. Rows without a table tell what the plugin costs where it has nothing to
do, and what merely having it and its dependencies in site-packages costs: pip looks at every installed
distribution. One project by itself tells what is paid once. The target is for one index: each further one
is a further connection, for plain pip too.

*Wall time* is that of paired runs: in each round everything is run once, in turns and each round in another
order, and compared only with the other runs of that round; the median of these ratios is shown, with the
quartiles in brackets. Other load on the machine still shows in the brackets, less so in the ratio of
processor times. Latency is a pause of the server before each answer, as if each request took one round
trip; connections are kept open, as pip does.

*Requests* are counted by the servers in the run before the first round.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.measure import (
    REPEATABLE,
    heading,
    instructions,
    interleaved,
    pairs,
    ratio,
    say,
    table,
    timed,
    verdict,
    warm,
    workshop,
)
from tests.support.servers import Exchange, IndexServer, write_simple_dir
from tests.support.wheels import Artifact, sdist, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bench.measure import Command, Time
    from tests.support.environments import Environment, Result, Workshop
    from tests.support.matrix import Pair

# How many indexes the projects are shared out to.
SHARED = 10

INSTRUCTIONS_TARGET = 1.01
WALL_TARGET = 1.02

GROUPS = ("acme", "billing", "chat", "data", "edge", "forms", "graph", "hr", "infra")
EXACT = ("solo-one", "solo-two", "solo-three", "solo-four", "solo-five")
OTHERS = ("zeta", "eta", "theta", "iota", "kappa")
WORDS = ("core", "client", "server", "tools", "testing")
NAMES = (*(f"{group}-{word}" for word in WORDS for group in GROUPS), *EXACT, *OTHERS)
ASKED_FOR = NAMES[:5]
VERSIONS = 12

# An answer in one segment: Nagle's algorithm and delayed acknowledgements could add pauses of 40 ms.
Exchange.wbufsize = -1
Exchange.disable_nagle_algorithm = True


def _requires(position: int) -> list[str]:
    below = {position + 5, 5 * position + 5, 5 * position + 6}
    names = [NAMES[each] for each in sorted(below) if each < len(NAMES)]
    return [f"{name}>=1.{VERSIONS // 2}" for name in names]


def artifacts() -> dict[str, list[Artifact]]:
    """The files of each project."""
    made: dict[str, list[Artifact]] = {}
    for position, name in enumerate(NAMES):
        made[name] = files = []
        for minor in range(VERSIONS):
            facts = {"origin": "bench", "requires": _requires(position), "requires_python": ">=3.9"}
            files += [wheel(name, f"1.{minor}", **facts), sdist(name, f"1.{minor}", **facts)]  # type: ignore[arg-type]
    return made


def home(name: str, count: int) -> int:
    """Which of some indexes has the project."""
    if name in OTHERS:
        return 0
    return (EXACT.index(name) if name in EXACT else 1 + GROUPS.index(name.split("-")[0])) % count


def routes(count: int) -> dict[str, str]:
    """Routes that agree with :func:`home`."""
    exact = {name: f"index-{home(name, count)}" for name in EXACT}
    prefixes = {f"{group}-*": f"index-{home(f'{group}-core', count)}" for group in GROUPS}
    return {**exact, **prefixes, "*": "index-0"}


@dataclass(frozen=True)
class Sites:
    """K indexes that share the projects out, or one that has them all.

    :param latency: seconds before each answer.
    """

    servers: list[IndexServer]
    latency: float

    def requests(self) -> tuple[int, int, int]:
        """How many project pages, metadata files and distributions were asked for; then forgets them."""
        paths = [request.path for server in self.servers for request in server.requests]
        for server in self.servers:
            server.forget()
        pages = sum(path.startswith("/simple/") for path in paths)
        metadata = sum(path.endswith(".metadata") for path in paths)
        return pages, metadata, len(paths) - pages - metadata


@contextlib.contextmanager
def sites(count: int, latency: float, made: Mapping[str, list[Artifact]]) -> Iterator[Sites]:
    """Start servers."""

    def pause(_: Exchange) -> bool:
        time.sleep(latency)
        return False

    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(IndexServer(f"index-{number}")) for number in range(count)]
        for name, files in made.items():
            for each in files:
                servers[home(name, count)].add(each, core_metadata="sha256")
        if latency:
            for server in servers:
                server.on("*", pause)
        yield Sites(servers, latency)


class Bench:
    """The environments of one Python and pip."""

    def __init__(self, shop: Workshop, pair: Pair, place: Path) -> None:
        self.pair = pair
        self.plain = shop.make(pair, place / "plain", equipped=False)
        self.inert = shop.make_inert_twin(pair, place / "inert")
        self.rims = shop.make(pair, place / "rims.")
        self.rims.extra_environ["RIM_ROUTER_SPEED"] = (
            "off"  # what routing costs; bench.speed has what [speed] saves
        )
        for environment in (self.plain, self.inert, self.rims):
            warm(environment)
        self.pip_version = shop.pip_version(pair)
        self.place = place

    def __str__(self) -> str:
        return f"pip {self.pip_version}, Python {self.pair.python[0]}.{self.pair.python[1]}"

    def directory(self, name: str, urls: list[str] | None = None) -> Path:
        """A project directory, with a table if there are indexes to route to."""
        directory = self.place / "projects" / name
        directory.mkdir(parents=True, exist_ok=True)
        if urls:
            self.rims.project = directory
            self.rims.route({f"index-{n}": url for n, url in enumerate(urls)}, routes(len(urls)))
        return directory


def command(environment: Environment, urls: list[str], names: tuple[str, ...] = ASKED_FOR) -> Command:
    """The run to be measured."""
    indexes = [part for url in urls[1:] for part in ("--extra-index-url", url)]
    return (environment.python, "-m", "pip", "install", "--dry-run", "--index-url", urls[0], *indexes, *names)


def closed(environment: Environment, names: tuple[str, ...] = ASKED_FOR) -> Command:
    """The run with routes: pip's own index is one where nothing listens."""
    return command(environment, ["http://localhost:9/simple/"], names)


def check(environment: Environment, line: Command, directory: Path, count: int) -> Result:
    """Run it once to see that it resolves what it should; everything is read and compiled by then."""
    result = environment.run(*line, cwd=directory, env=REPEATABLE, check=True)
    resolved = re.findall(r"^Would install (.*)$", result.output, re.MULTILINE)
    found = resolved[0].split() if resolved else []
    if len(found) != count or not all(each.endswith(f"-1.{VERSIONS - 1}") for each in found):
        raise RuntimeError(f"expected the newest of {count} projects:\n{result}")
    return result


# Instructions


def count_instructions(bench: Bench, made: Mapping[str, list[Artifact]]) -> None:
    """Print the table of instructions."""
    rows: list[tuple[object, ...]] = []
    with sites(1, 0, made) as single, sites(SHARED, 0, made) as shared:
        urls = [[server.url for server in each.servers] for each in (single, shared)]
        rows += _rows(bench, "http", *urls, ASKED_FOR, len(NAMES))
        rows += _rows(bench, "http", *urls, NAMES[-1:], 1)
    urls = [_directories(bench.place / f"index-of-{count}", count, made) for count in (1, SHARED)]
    rows += _rows(bench, "file", *urls, ASKED_FOR, len(NAMES))
    head = ("run", "index", "projects", "million instructions", "ratio to plain pip", "target")
    print(f"{bench}, `pip install --dry-run`:\n")
    print(table(head, rows), flush=True)


def _directories(root: Path, count: int, made: Mapping[str, list[Artifact]]) -> list[str]:
    """Indexes in the file system that share the projects out."""
    shares: list[list[Artifact]] = [[] for _ in range(count)]
    for name, files in made.items():
        shares[home(name, count)] += files
    return [write_simple_dir(root / str(number), share) for number, share in enumerate(shares)]


def _rows(
    bench: Bench, kind: str, single: list[str], shared: list[str], names: tuple[str, ...], count: int
) -> Iterator[tuple[object, ...]]:
    bare = bench.directory("bare")
    routed = closed(bench.rims, names)
    runs = {
        "plain pip": (bench.plain, command(bench.plain, single, names), bare),
        "plain pip, with rim-router's files": (bench.inert, command(bench.inert, single, names), bare),
        "rim-router without a table": (bench.rims, command(bench.rims, single, names), bare),
        "**rim-router**, 1 index": (bench.rims, routed, bench.directory(f"{kind}-1", single)),
        f"rim-router, {SHARED} indexes": (bench.rims, routed, bench.directory(kind, shared)),
    }
    plain = 0
    for name, (environment, line, directory) in runs.items():
        check(environment, line, directory, count)
        total = instructions(line, environment.environ(), directory)
        say(f"{bench}: {name}, {kind}, {count}: {total:,}")
        plain = plain or total
        judged = "**" in name and count > 1
        target = f"{INSTRUCTIONS_TARGET}: {verdict(total / plain, INSTRUCTIONS_TARGET)}" if judged else ""
        yield name, kind, count, f"{total / 1e6:,.0f}", f"{total / plain:.4f}", target


# Wall time


def measure_wall_time(bench: Bench, made: Mapping[str, list[Artifact]], latency: float, rounds: int) -> None:
    """Print the table of wall times and requests for one latency."""
    with contextlib.ExitStack() as stack:
        single = stack.enter_context(sites(1, latency, made))
        shared = {count: stack.enter_context(sites(count, latency, made)) for count in (5, 10)}
        bare = bench.directory("bare")
        lines: dict[str, tuple[Environment, Command, Path, Sites]] = {}

        def add(name: str, where: Sites, environment: Environment, directory: Path, line: Command) -> None:
            lines[name] = (environment, line, directory, where)

        add("plain pip, 1 index", single, bench.plain, bare, command(bench.plain, [single.servers[0].url]))
        for count, where in shared.items():
            urls = [server.url for server in where.servers]
            directory = bench.directory(f"wall-{latency}-{count}", urls)
            add(f"**rim-router**, {count} indexes", where, bench.rims, directory, closed(bench.rims))
            add(f"plain pip, {count} indexes", where, bench.plain, bare, command(bench.plain, urls))

        asked = {}
        for name, (environment, line, directory, where) in lines.items():
            check(environment, line, directory, len(NAMES))
            asked[name] = where.requests()

        def run(name: str) -> Time:
            environment, line, directory, _ = lines[name]
            say(f"{bench}, {latency * 1000:.0f} ms: {name}")
            return timed(line, environment.environ(REPEATABLE), directory)

        results = interleaved({name: lambda name=name: run(name) for name in lines}, rounds)  # type: ignore[misc]

    base = next(iter(lines))
    rows = []
    for name in lines:
        pages, metadata, files = asked[name]
        wall = statistics.median(each[name].wall for each in results)
        against = statistics.median(each[name].wall / each[base].wall for each in results)
        target = f"{WALL_TARGET}: {verdict(against, WALL_TARGET)}" if "**" in name else ""
        rows.append(
            (
                name, pages, f"{pages / len(NAMES):g}", metadata, files, f"{wall:.2f}",
                ratio(results, name, base, lambda each: each.wall), target,
                ratio(results, name, base, lambda each: each.cpu),
            )
        )  # fmt: skip
    head = (
        "run", "project pages", "per name", "metadata files", "distributions", "wall time (s)",
        "ratio, paired", "target", "ratio of processor time",
    )  # fmt: skip
    print(f"{bench}, {len(NAMES)} projects, {latency * 1000:.0f} ms latency, {rounds} rounds:\n")
    print(table(head, rows), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.dry_run", description=__doc__.splitlines()[0])
    parser.add_argument("--python", nargs="+", default=["3.11", "3.13"], metavar="X.Y")
    parser.add_argument("--pip", default="newest", help="the version of pip (%(default)s)")
    parser.add_argument("--only", choices=("instructions", "time"), help="half of it")
    parser.add_argument("--latency", type=float, nargs="+", default=[0, 50], metavar="MS", help="(0 and 50)")
    parser.add_argument("--rounds", type=int, nargs="+", default=[15, 7], metavar="N", help="(15 and 7)")
    options = parser.parse_args()
    heading("Dry run")
    made = artifacts()
    with workshop() as (shop, place):
        benches = [Bench(shop, pair, place / str(pair)) for pair in pairs(options.python, options.pip)]
        if options.only != "time":
            for bench in benches:
                count_instructions(bench, made)
        if options.only != "instructions":
            for latency, rounds in zip(options.latency, options.rounds):
                measure_wall_time(benches[-1], made, latency / 1000, rounds)


if __name__ == "__main__":
    main()
