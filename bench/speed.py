"""How fast is a pip that asks early, drops early and downloads several at once, and does it ask for more?

57 projects in four levels: five are asked for, and each requires up to three of the next level. In
*full* pages they have as many files as popular projects have on PyPI, 29,545 together, of which an
environment can use a third: two of three projects are pure Python, with a wheel and a source
distribution of each version, and the third has wheels for many platforms. In *thin* pages each has one
wheel; *install* installs those. The projects are shared out to five indexes, and routes say which has
which; plain pip has everything on one index, or is given all five.

*Wall time* and *processor time* are those of paired runs: in each round everything is run once, in turns
and each round in another order, and compared only with the other runs of that round; the median of these
ratios is shown, with the quartiles in brackets. Latency is a pause of the server before each answer, as
if each request took one round trip; connections are kept open. *Memory* is the largest resident set of
the process. *Requests* are counted by the servers.

Beside it are measured, where pip can install them from the index that it is configured with: simpleindex
before the five indexes, which redirects for each project, and uv, with one index and with a source for each
project.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.drawing import bars
from bench.measure import heading, interleaved, pairs, ratio, say, table, verdict, warm, workshop
from tests.support.index_servers import simpleindex_of
from tests.support.servers import JSON_TYPE, Exchange, IndexServer
from tests.support.wheels import Artifact, wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.support.environments import Environment, Workshop

LEVELS = (5, 12, 18, 22)
NAMES = tuple(f"level{level}-part{number}" for level, count in enumerate(LEVELS) for number in range(count))
ASKED_FOR = NAMES[: LEVELS[0]]
SHARED = 5
TARGETS = {
    ("full", 50): 0.28,
    ("full", 20): 0.35,
    ("full", 0): 0.60,
    ("thin", 50): 0.18,
    ("install", 50): 0.30,
}
_OPTION = {"full": "--dry-run", "thin": "--dry-run", "install": "--target"}

_PURE_VERSIONS, _COMPILED_VERSIONS = 100, 64
_PLATFORMS = (
    *(
        f"cp3{minor}-cp3{minor}-{platform}"
        for minor in (9, 10, 11, 12, 13)
        for platform in ("macosx_11_0_arm64", "manylinux_2_17_x86_64.manylinux2014_x86_64", "win_amd64")
    ),
    "pp310-pypy310_pp73-win_amd64",
    "pp311-pypy311_pp73-macosx_11_0_arm64",
)

Exchange.wbufsize = -1
Exchange.disable_nagle_algorithm = True


def home(name: str, count: int) -> int:
    """Which of some indexes has the project."""
    return NAMES.index(name) % count


def requires(name: str) -> list[str]:
    """What the newest version requires: of the next level, so that everything is reached."""
    level, number = int(name[5]), int(name.partition("part")[2])
    if level + 1 == len(LEVELS):
        return []
    count = LEVELS[level + 1]
    share = -(-count // LEVELS[level])
    own = {(number * share + each) % count for each in range(share)} | {(number * 5 + 1) % count}
    return [f"level{level + 1}-part{each}>=1.0" for each in sorted(own)]


def _entry(url: str, filename: str, digest: str, metadata: str | None, number: int) -> dict[str, Any]:
    beside = False if metadata is None else {"sha256": metadata}
    return {
        "core-metadata": beside,
        "data-dist-info-metadata": beside,
        "filename": filename,
        "hashes": {"sha256": digest},
        "provenance": None,
        "requires-python": (">=3.8", ">=3.9", "!=3.0.*,!=3.1.*,>=2.7")[number % 3],
        "size": 100_000 + number,
        "upload-time": f"20{10 + number % 15}-0{1 + number % 9}-1{number % 10}T12:00:00.123456Z",
        "url": f"{url}/{filename}",
        "yanked": False,
    }


def entries(name: str, newest: Artifact, url: str, *, full: bool) -> list[dict[str, Any]]:
    """The files of a project as its page has them, the newest last; only that one can be had."""
    module = name.replace("-", "_")
    found = []
    if full:
        pure = NAMES.index(name) % 3 < 2
        tags = ("py3-none-any",) if pure else _PLATFORMS
        for version in range(_PURE_VERSIONS if pure else _COMPILED_VERSIONS):
            for number, tag in enumerate(tags):
                digest = hashlib.sha256(f"{name}{version}{tag}".encode()).hexdigest()
                filename = f"{module}-0.{version}-{tag}.whl"
                found.append(_entry(url, filename, digest, digest, version + number))
            found.append(_entry(url, f"{module}-0.{version}.tar.gz", digest, None, version))
    digest = hashlib.sha256(newest.metadata).hexdigest()
    return [*found, _entry(url, newest.filename, newest.digest(), digest, 4)]


class Site:
    """Some indexes that share the projects out.

    :param latency: seconds before each answer.
    """

    def __init__(self, count: int, latency: float, kind: str) -> None:
        self.servers = [IndexServer(f"index-{number}") for number in range(count)]
        self.links = 0
        for name in NAMES:
            server = self.servers[home(name, count)]
            newest = wheel(name, "1.0", origin="bench", requires=requires(name))
            server.host(newest)
            found = entries(name, newest, f"{server.base}/files", full=kind == "full")
            self.links += len(found)
            status = {"status": "active"}
            page = {"meta": {"api-version": "1.4"}, "name": name, "files": found, "project-status": status}
            server.on(f"/simple/{name}/", _page(json.dumps(page).encode(), latency))
            for path, body in (("", newest.data), (".metadata", newest.metadata)):
                server.on(f"/files/{newest.filename}{path}", _file(body, latency))
            if latency:
                server.on("*", _pause(latency))

    @property
    def urls(self) -> list[str]:
        """Those of the indexes."""
        return [server.url for server in self.servers]

    def requests(self) -> int:
        """How many there were since the last time."""
        count = sum(len(server.requests) for server in self.servers)
        for server in self.servers:
            server.forget()
        return count

    def close(self) -> None:
        """Stop listening."""
        for server in self.servers:
            server.close()


def _pause(latency: float) -> Callable[[Exchange], bool]:
    def act(_: Exchange) -> bool:
        time.sleep(latency)
        return False

    return act


def _page(body: bytes, latency: float) -> Callable[[Exchange], bool]:
    def act(exchange: Exchange) -> bool:
        time.sleep(latency)
        exchange.reply(200, body, JSON_TYPE)
        return True

    return act


def _file(body: bytes, latency: float) -> Callable[[Exchange], bool]:
    def act(exchange: Exchange) -> bool:
        time.sleep(latency)
        exchange.reply(200, body, "application/octet-stream")
        return True

    return act


@dataclass(frozen=True)
class Usage:
    """What one run took: seconds, and kilobytes."""

    wall: float
    cpu: float
    memory: int


# Linux counts the memory of whoever starts a program as the program's: so a small one starts it.
_STARTER = """
import json, os, sys, time
start = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
used = [time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]
print(json.dumps([os.waitstatus_to_exitcode(status), *used]), file=sys.stderr)
"""


def run(command: Sequence[object], environ: Mapping[str, str], cwd: Path) -> Usage:
    """Run a program that must not fail."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _STARTER, *map(str, command)], env=dict(environ), cwd=cwd,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said, _, last = done.stderr.rstrip().rpartition("\n")
    code, *used = json.loads(last) if done.returncode == 0 else [done.returncode]
    if code:
        raise RuntimeError(f"{command} ended with {code}:\n{done.stdout}\n{said or last}")
    return Usage(*used)


class Bench:
    """The environments of one Python and pip, and what is run in them."""

    def __init__(
        self, shop: Workshop, plain: Environment, rims: Environment, place: Path, uv: Path | None
    ) -> None:
        self.shop, self.plain, self.rims, self.place, self.uv = shop, plain, rims, place, uv

    def lines(
        self, kind: str, latency: float, stack: contextlib.ExitStack
    ) -> Iterator[tuple[str, Any, Site]]:
        """Each thing to run: its name, what runs it, and the servers that it asks."""
        pages = "thin" if kind == "install" else kind
        one = Site(1, latency, pages)
        many = Site(SHARED, latency, pages)
        for site in (one, many):
            stack.callback(site.close)
        say(f"{one.links} links")
        routes = {name: f"index-{home(name, SHARED)}" for name in NAMES}
        project = self.place / f"project-{kind}-{latency}"
        project.mkdir(parents=True)
        self.rims.project = project
        self.rims.route({f"index-{number}": url for number, url in enumerate(many.urls)}, routes)
        closed = ["http://localhost:9/simple/"]
        bare = self.place / "bare"
        bare.mkdir(exist_ok=True)
        off = {"RIM_ROUTER_SPEED": "off"}
        yield "plain pip, 1 index", self._pip(self.plain, kind, one.urls, bare), one
        yield f"plain pip, {SHARED} indexes", self._pip(self.plain, kind, many.urls, bare), many
        pages = {name: f"{many.urls[home(name, SHARED)]}{name}/" for name in NAMES}
        front = stack.enter_context(simpleindex_of(self.shop, project, pages))
        yield f"plain pip, simpleindex before {SHARED}", self._pip(self.plain, kind, [front], bare), many
        yield f"**rim-router**, {SHARED} indexes", self._pip(self.rims, kind, closed, project), many
        yield (
            f"rim-router, {SHARED} indexes, speed off",
            self._pip(self.rims, kind, closed, project, off),
            many,
        )
        if self.uv is not None:
            yield "uv, 1 index", self._uv(kind, one.urls, None), one
            yield f"uv, {SHARED} indexes, explicit sources", self._uv(kind, many.urls, routes), many

    def _pip(
        self,
        environment: Environment,
        kind: str,
        urls: list[str],
        cwd: Path,
        extra: Mapping[str, str] | None = None,
    ) -> Callable[[], Usage]:
        more = [part for url in urls[1:] for part in ("--extra-index-url", url)]
        target = self.place / "target"
        where = ["--target", target] if kind == "install" else ["--dry-run"]
        line = [environment.python, "-m", "pip", "install", *where, "--index-url", urls[0], *more, *ASKED_FOR]

        def act() -> Usage:
            shutil.rmtree(target, ignore_errors=True)
            return run(line, environment.environ(extra), cwd)

        return act

    def _uv(self, kind: str, urls: list[str], routes: Mapping[str, str] | None) -> Callable[[], Usage]:
        directory = Path(tempfile.mkdtemp(dir=self.place))
        names = ", ".join(f'"{name}"' for name in ASKED_FOR)
        text = (
            f'[project]\nname = "bench"\nversion = "0"\nrequires-python = ">=3.9"\ndependencies = [{names}]\n'
        )
        for number, url in enumerate(urls):
            explicit = "explicit = true" if routes else "default = true"
            text += f'[[tool.uv.index]]\nname = "index-{number}"\nurl = "{url}"\n{explicit}\n'
        if routes:
            # A source counts for what a project itself requires: so every name is one of its own.
            everything = ", ".join(f'"{name}"' for name in NAMES)
            text = text.replace(f"dependencies = [{names}]", f"dependencies = [{everything}]")
            text += "[tool.uv.sources]\n" + "".join(
                f'{name} = {{ index = "{to}" }}\n' for name, to in routes.items()
            )
        (directory / "pyproject.toml").write_text(text, encoding="utf-8")
        environ = self.plain.environ()
        target = directory / "target"
        line: list[object] = [self.uv, "--no-cache", "--no-config"][:2]
        python = ("--python", self.plain.python)
        if kind == "install":
            line += ["pip", "install", *python, "--target", target, "-r", "pyproject.toml"]
        else:
            line += ["pip", "compile", "-q", *python, "pyproject.toml"]

        def act() -> Usage:
            shutil.rmtree(target, ignore_errors=True)
            return run(line, environ, directory)

        return act


def measure(bench: Bench, kind: str, latency: int, rounds: int, only: str) -> str:
    """Print the table of one kind of work and one latency; returns a picture of it."""
    with contextlib.ExitStack() as stack:
        lines = [line for line in bench.lines(kind, latency / 1000, stack) if only in line[0]]
        asked = {}
        for name, act, site in lines:
            site.requests()
            act()
            asked[name] = site.requests()
        results = interleaved({name: act for name, act, _ in lines}, rounds)
    base = lines[0][0]
    rows, drawn = [], []
    for name, _, _ in lines:
        wall = statistics.median(each[name].wall for each in results)
        against = statistics.median(each[name].wall / each[base].wall for each in results)
        drawn.append((name, against, f"{wall:.1f} s"))
        memory = statistics.median(each[name].memory / each[base].memory for each in results)
        target = TARGETS.get((kind, latency)) if "**" in name else None
        rows.append(
            (
                name, asked[name], f"{wall:.2f}", ratio(results, name, base, lambda each: each.wall),
                "" if target is None else f"{target}: {verdict(against, target)}",
                ratio(results, name, base, lambda each: each.cpu),
                f"{memory:.2f}",
            )
        )  # fmt: skip
    head = (
        "run",
        "requests",
        "wall time (s)",
        "ratio, paired",
        "target",
        "ratio of processor time",
        "of memory",
    )
    print(f"{kind}, {latency} ms, {rounds} rounds:\n")
    print(table(head, rows), flush=True)
    return bars(f"{len(NAMES)} projects, {latency} ms a request, pip install {_OPTION[kind]}", drawn)


def find_uv(place: Path) -> Path | None:
    """uv, installed by the machine's own pip into a directory; None if that cannot be had."""
    found = shutil.which("uv")
    if found:
        return Path(found)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--target", place, "uv"],
        capture_output=True,
        check=False,
    )
    uv = place / "bin" / "uv"
    return uv if done.returncode == 0 and uv.exists() else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__.splitlines()[0])
    parser.add_argument("--python", nargs="+", default=["3.11", "3.13"], metavar="X.Y")
    parser.add_argument("--pip", default="newest", help="the version of pip (%(default)s)")
    parser.add_argument("--work", nargs="+", default=["full", "thin", "install"], help="(all)")
    parser.add_argument(
        "--latency", type=int, nargs="+", default=[50, 20, 0], metavar="MS", help="(50, 20 and 0)"
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="(%(default)s)")
    parser.add_argument(
        "--only", default="", help="runs with this in their names; the first is compared with"
    )
    parser.add_argument("--draw", type=Path, metavar="FILE", help="draw the first table as SVG")
    options = parser.parse_args()
    heading("Speed")
    pictures = []
    with workshop() as (shop, place):
        uv = find_uv(place / "uv")
        for pair in pairs(options.python, options.pip):
            plain = shop.make(pair, place / str(pair) / "plain", equipped=False)
            rims = shop.make(pair, place / str(pair) / "rims")
            for environment in (plain, rims):
                warm(environment)
            bench = Bench(shop, plain, rims, place / str(pair), uv)
            print(f"pip {shop.pip_version(pair)}, Python {'.'.join(map(str, pair.python))}\n")
            for kind in options.work:
                for latency in options.latency:
                    if kind == "full" or latency == 50:
                        picture = measure(bench, kind, latency, options.rounds, options.only)
                        pictures.append(picture)
    if options.draw and pictures:
        options.draw.write_text(pictures[0], encoding="utf-8")


if __name__ == "__main__":
    main()
