"""What does an external wheel cost: its bytes verified on their way, and its link judged among thousands?

An index and a host for files are two servers on loopback that speak TLS with certificates of one made-up
authority: nginx where it is here, else Python's. The page gives a sha256 for each file; the table lists the
other host among the index's ``external-hosts``, and routes everything to the index.

*Download*: one wheel of incompressible bytes, stored, by ``pip download --no-deps`` into an empty directory,
so that nothing is unpacked; plain pip with the same page; and ``curl --output`` with ``sha256sum --check``
of the digest that the page gives. Runs are paired: in each round everything is run once, each round in
another order, and compared only with the other runs of that round; the median of these ratios is shown,
with the quartiles in brackets. Processor time is that of the client alone.

*Page*: instructions in user space of a whole ``pip index versions`` and ``pip download --no-deps``, by
callgrind, with a page of so many links and with a page of one. What the difference is for plain pip is its
own time for that page; how much more it is with a table is what judging costs. *All fit*: every link is a
wheel that this interpreter could use, each of another version, so that each one is judged. *One in twelve
fits*: as on the pages of large projects, where most wheels are for other interpreters and systems, which pip
passes over first.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shlex
import shutil
import statistics
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
from tests.support.external import HTML, JSON, Link
from tests.support.nginx import JSON_TYPE, NGINX, Issuer, Nginx, Site
from tests.support.servers import HTML_TYPE, IndexServer, html_page
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.measure import Command, Time
    from tests.support.environments import Environment, Workshop
    from tests.support.matrix import Pair
    from tests.support.servers import Exchange

DOWNLOAD_TARGET = 0.8
PAGE_TARGET = 1.05

BIG, SMALL = "big-model", "small-model"
ALL_FIT, FEW_FIT = "all fit", "one in twelve fits"
INDEX_VERSIONS, DOWNLOAD = COMMANDS = ("index versions", "download --no-deps")
# What a large project has of each version, without what might fit here.
SYSTEMS = ("manylinux_2_17_x86_64", "macosx_14_0_arm64", "win_amd64")
OTHERS = ("cp38-cp38", "cp39-cp39", "cp314-cp314t", "pp311-pypy311_pp73")


# Servers


class NginxHost:
    """A host that an nginx plays."""

    def __init__(self, directory: Path, issuer: Issuer, stack: contextlib.ExitStack) -> None:
        self._nginx = stack.enter_context(Nginx(directory, issuer))
        self._site: Site = self._nginx.site("localhost")
        self.netloc = f"localhost:{self._site.ports[443]}"
        self._nginx.serve()

    def put(self, path: str, content: bytes, kind: str) -> None:
        """Serve something; a page under a URL that ends in a slash."""
        index = "index.json" if kind == JSON_TYPE else "index.html"
        if path.endswith("/"):
            shutil.rmtree(self._site.root / path.strip("/"), ignore_errors=True)
        self._site.put(path + index if path.endswith("/") else path, content)


class PythonHost:
    """A host that Python's own server plays."""

    def __init__(self, issuer: Issuer, stack: contextlib.ExitStack) -> None:
        self._server = stack.enter_context(IndexServer(tls=issuer.context("localhost")))
        self.netloc = self._server.netloc

    def put(self, path: str, content: bytes, kind: str) -> None:
        """Serve something."""

        def answer(exchange: Exchange) -> bool:
            exchange.reply(200, content, kind)
            return True

        self._server.on(path, answer)


class World:
    """An index, a host for files, and the environments of one Python and pip."""

    def __init__(self, shop: Workshop, pair: Pair, place: Path, stack: contextlib.ExitStack) -> None:
        place.mkdir(parents=True)
        issuer = Issuer(place)
        hosts = [
            PythonHost(issuer, stack) if NGINX is None else NginxHost(place / name, issuer, stack)
            for name in ("index", "files")
        ]
        self.index, self.files = hosts
        self.bundle = issuer.bundle
        self.plain = shop.make(pair, place / "plain", equipped=False)
        self.rims = shop.make(pair, place / "rims")
        for environment in (self.plain, self.rims):
            environment.extra_environ["PIP_CERT"] = str(self.bundle)
            warm(environment)
        self.index_url = f"https://{self.index.netloc}/simple/"
        entry = {"url": self.index_url, "external-hosts": [self.files.netloc]}
        self.rims.route({"main": entry}, {"*": "main"})
        self.pair = pair
        self.pip_version = shop.pip_version(pair)
        self.destination = place / "destination"

    def __str__(self) -> str:
        return f"pip {self.pip_version}, Python {self.pair.python[0]}.{self.pair.python[1]}"

    def page(self, project: str, links: list[Link], form: str) -> None:
        """Show links on a project's page."""
        if form == JSON:
            files = [each.as_json() for each in links]
            page = {"meta": {"api-version": "1.0"}, "name": project, "files": files}
            content, kind = json.dumps(page), JSON_TYPE
        else:
            content, kind = html_page(f"Links for {project}", [each.as_html() for each in links]), HTML_TYPE
        self.index.put(f"/simple/{project}/", content.encode(), kind)

    def link(self, filename: str, digest: str) -> Link:
        """A link to the other host."""
        return Link(filename, f"https://{self.files.netloc}/{filename}", {"sha256": digest})

    def pip(self, environment: Environment, *args: str) -> Command:
        """A run of pip; with a table its own index is one where nothing listens."""
        url = self.index_url if environment is self.plain else "http://localhost:9/simple/"
        return (environment.python, "-m", "pip", *args, "--index-url", url)

    def download(self, environment: Environment, project: str) -> Command:
        """``pip download``."""
        return self.pip(environment, "download", "--no-deps", "--dest", str(self.destination), project)

    def clear(self) -> None:
        """Forget what was downloaded."""
        shutil.rmtree(self.destination, ignore_errors=True)
        self.destination.mkdir()

    def check(self, line: Command, environment: Environment, *words: str) -> None:
        """Run it once, to see that it does what it should; everything is read and compiled by then."""
        self.clear()
        result = environment.run(*line, env=REPEATABLE, check=True)
        missing = [word for word in words if word not in result.output]
        if missing:
            raise RuntimeError(f"{missing} not in:\n{result}")


@contextlib.contextmanager
def worlds(pythons: list[str], pip: str) -> Iterator[list[World]]:
    """One for each Python."""
    with workshop() as (shop, place), contextlib.ExitStack() as stack:
        yield [World(shop, pair, place / str(pair), stack) for pair in pairs(pythons, pip)]


# Download


def measure_download(world: World, megabytes: int, rounds: int) -> None:
    """Print the table of times."""
    artifact = wheel(BIG, "1.0", origin="bench", extra_files={"big_model.bin": os.urandom(megabytes * 10**6)})
    size, digest, filename = len(artifact.data), artifact.digest(), artifact.filename
    world.files.put(f"/{filename}", artifact.data, "application/octet-stream")
    world.page(BIG, [world.link(filename, digest)], JSON)
    del artifact
    target = world.destination / filename
    curl = (
        f"curl --silent --show-error --fail --cacert {shlex.quote(str(world.bundle))} "
        f"--output {shlex.quote(str(target))} https://{world.files.netloc}/{filename} && "
        f"echo '{digest}  {shlex.quote(str(target))}' | sha256sum --check"
    )
    lines: dict[str, tuple[Environment, Command]] = {
        "plain pip": (world.plain, world.download(world.plain, BIG)),
        "**rim-router**": (world.rims, world.download(world.rims, BIG)),
    }
    if shutil.which("curl") and shutil.which("sha256sum"):
        lines["`curl` and `sha256sum`"] = (world.plain, ("sh", "-c", curl))
    else:
        say("curl or sha256sum is not here: left out")

    for environment, line in lines.values():
        world.check(line, environment)
        if hashlib.sha256(target.read_bytes()).hexdigest() != digest:
            raise RuntimeError(f"{line} downloaded another file")
    world.check(lines["**rim-router**"][1], world.rims, f"Contacting {world.files.netloc}")

    def run(name: str) -> Time:
        environment, line = lines[name]
        say(f"{world}, {megabytes} MB: {name}")
        world.clear()
        return timed(line, environment.environ(REPEATABLE), environment.project)

    results = interleaved({name: lambda name=name: run(name) for name in lines}, rounds)  # type: ignore[misc]
    base = next(iter(lines))
    rows = []
    for name in lines:
        against = statistics.median(each[name].wall / each[base].wall for each in results)
        rows.append(
            (
                name,
                f"{statistics.median(each[name].wall for each in results):.2f}",
                ratio(results, name, base, lambda each: each.wall),
                f"{DOWNLOAD_TARGET:.2f}: {verdict(against, DOWNLOAD_TARGET)}" if "**" in name else "",
                f"{statistics.median(each[name].cpu for each in results):.2f}",
                ratio(results, name, base, lambda each: each.cpu),
            )
        )
    server = "Python's server" if NGINX is None else "nginx"
    print(f"{world}, {size / 1e6:,.0f} MB from {server}, {rounds} rounds:\n")
    head = (
        "run", "wall time (s)", "ratio, paired", "target", "processor time (s)", "ratio of processor time",
    )  # fmt: skip
    print(table(head, rows), flush=True)


# Page


@dataclass(frozen=True)
class Counts:
    """Instructions with a page of many links, and with a page of one."""

    many: int
    one: int

    @property
    def page(self) -> int:
        """What the many links cost."""
        return self.many - self.one


def links(world: World, kind: str, count: int, small_digest: str) -> list[Link]:
    """A page's links; the newest version is of a wheel that is there."""

    def digest(filename: str) -> str:
        return hashlib.sha256(filename.encode()).hexdigest()

    if kind == ALL_FIT:
        tags = ["py3-none-any"]
    else:
        tags = ["py3-none-any", *(f"{other}-{system}" for other in OTHERS for system in SYSTEMS)][:12]
    names = [f"small_model-1.{n // len(tags)}-{tags[n % len(tags)]}.whl" for n in range(count - 1)]
    made = [world.link(name, digest(name)) for name in names]
    return [*made, world.link("small_model-2.0-py3-none-any.whl", small_digest)]


def count_page(world: World, count: int, forms: list[str], kinds: list[str], commands: list[str]) -> None:
    """Print the table of instructions."""
    small = wheel(SMALL, "2.0", origin="bench")
    world.files.put(f"/{small.filename}", small.data, "application/octet-stream")
    environments = {"plain pip": world.plain, "**rim-router**": world.rims}
    rows = []
    ones: dict[tuple[str, str, str], int] = {}

    def total(name: str, command: str, form: str) -> int:
        environment = environments[name]
        if command == INDEX_VERSIONS:
            line = world.pip(environment, "index", "versions", SMALL)
        else:
            line = world.download(environment, SMALL)
        world.check(line, environment, "2.0")
        world.clear()
        found = instructions(line, environment.environ(), environment.project)
        say(f"{world}: {name}, {command}, {form}: {found:,}")
        return found

    for form in forms:
        for kind in kinds:
            for command in commands:
                counts = {}
                for name in environments:
                    key = (name, command, form)
                    if key not in ones:
                        world.page(SMALL, links(world, kind, 1, small.digest()), form)
                        ones[key] = total(*key)
                    world.page(SMALL, links(world, kind, count, small.digest()), form)
                    counts[name] = Counts(total(*key), ones[key])
                rows += _page_rows(form, kind, command, count, counts)
    print(f"{world}, a page of {count:,} links, million instructions:\n")
    head = (
        "command", "page", "files", "run", "whole run", "ratio", "with one link", "for the page",
        "ratio", "target", "added per link (thousand)",
    )  # fmt: skip
    print(table(head, rows), flush=True)


def _page_rows(
    form: str, kind: str, command: str, count: int, counts: dict[str, Counts]
) -> Iterator[tuple[object, ...]]:
    plain = counts["plain pip"]
    for name, each in counts.items():
        ours = "**" in name
        against = each.page / plain.page
        yield (
            f"`pip {command}`",
            form.upper(),
            kind,
            name,
            f"{each.many / 1e6:,.0f}",
            f"{each.many / plain.many:.3f}",
            f"{each.one / 1e6:,.0f}",
            f"{each.page / 1e6:,.0f}",
            f"{against:.3f}",
            f"{PAGE_TARGET}: {verdict(against, PAGE_TARGET)}" if ours else "",
            f"{(each.page - plain.page) / (count - 1) / 1e3:+.1f}" if ours else "",
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.external", description=__doc__.splitlines()[0])
    parser.add_argument("--python", nargs="+", default=["3.13"], metavar="X.Y")
    parser.add_argument("--pip", default="newest", help="the version of pip (%(default)s)")
    parser.add_argument("--only", choices=("download", "page"), help="half of it")
    parser.add_argument("--megabytes", type=int, default=300, help="size of the wheel (%(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="of downloads (%(default)s)")
    parser.add_argument("--links", type=int, default=5_000, help="on the page (%(default)s)")
    parser.add_argument("--forms", nargs="+", choices=(JSON, HTML), default=[JSON, HTML])
    parser.add_argument("--kinds", nargs="+", choices=(ALL_FIT, FEW_FIT), default=[ALL_FIT, FEW_FIT])
    parser.add_argument("--commands", nargs="+", choices=COMMANDS, default=COMMANDS)
    options = parser.parse_args()
    heading("External wheels")
    with worlds(options.python, options.pip) as made:
        for world in made:
            if options.only != "page":
                measure_download(world, options.megabytes, options.rounds)
            if options.only != "download":
                count_page(world, options.links, options.forms, options.kinds, options.commands)


if __name__ == "__main__":
    main()
