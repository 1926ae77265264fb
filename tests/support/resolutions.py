"""Made-up requirement sets, with indexes that serve what they need and sometimes fail: each from a number."""

from __future__ import annotations

import json
import re
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from tests.support.servers import IndexServer, drop, latency, login_page, status
from tests.support.tables import write_table
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.environments import Environment, Result
    from tests.support.servers import Behaviour, Exchange
    from tests.support.wheels import Artifact

NAMES = tuple(f"acme-p{number}" for number in range(9))
VERSIONS = ("1.0", "1.1", "2.0", "2.1rc1", "3.0")
SPECIFIERS = (*[""] * 6, ">=1.0", ">=1.0", ">=1.1", "<3", "<3", "!=3.0", "==1.0", "~=2.0", ">=2.0,<3", ">=9")
MARKERS = ("; sys_platform == 'nowhere'", "; python_version >= '3'", "; extra == 'x'", "; extra == 'x'")
FAULTS = {"503": status(503), "401": status(401), "404": status(404), "reset": drop, "login": login_page}
# Nothing that a run says about a single request's own retry counts.
_RETRY = r"(?m)^\s*WARNING: Retrying .*\n"


class Scenario:
    """Some projects, who serves them, what of that fails, and what is asked for.

    :param number: of the scenario; the same number is the same scenario, but for the ports.
    :param beside: whether there are metadata beside files: on these, pip before 23.2 crashes (PEP 714).
    :ivar kinds: what is special about it.
    """

    def __init__(
        self, number: int, directory: Path, stack: contextlib.ExitStack, *, beside: bool = True
    ) -> None:
        self._beside: tuple[bool | str, ...] = ("sha256", "sha256", True, False) if beside else (False,)
        self._random = random = Random(number)
        self.kinds: Counter[str] = Counter()
        self.directory = directory
        self.servers = [stack.enter_context(IndexServer(f"index-{each}")) for each in range(3)]
        mirror = stack.enter_context(IndexServer("mirror"))
        for server in self.servers:
            server.html_only = random.random() < 0.1
        self._routes: dict[str, object] = {}
        for name in NAMES:
            self._serve(name, mirror)
        indexes: dict[str, object] = {f"index-{n}": server.url for n, server in enumerate(self.servers)}
        if random.random() < 0.2:
            self.kinds["mirror"] += 1
            indexes["index-0"] = {"url": "http://localhost:9/simple/", "mirrors": [self.servers[0].url]}
        self.retries = "0"
        for _ in range(random.choice((0, 0, 0, 1, 2))):
            self._break()
        write_table(directory, indexes, self._routes)
        self.arguments = list(self._arguments())

    def _chance(self, share: float, kind: str) -> bool:
        found = self._random.random() < share
        self.kinds[kind] += found
        return found

    def _serve(self, name: str, mirror: IndexServer) -> None:
        random = self._random
        homes = [random.randrange(len(self.servers))]
        target: object = f"index-{homes[0]}"
        if self._chance(0.2, "list"):
            homes = random.sample(range(len(self.servers)), 2)
            strategy = random.choice(("first-index", "index-priority", "version-priority"))
            target = {"indexes": [f"index-{home}" for home in homes], "strategy": strategy}
            homes = random.sample(homes, random.choice((1, 2)))
        self._routes[name] = target
        if self._chance(0.03, "missing"):
            return
        for version in sorted(random.sample(VERSIONS, random.randint(1, len(VERSIONS)))):
            requires = list(self._requires(name))
            yanked = self._chance(0.1, "yanked") and random.choice((True, "broken"))
            for home in homes:
                for made, beside in self._files(name, version, requires):
                    self.servers[home].add(made, core_metadata=beside, yanked=yanked)

    def _files(self, name: str, version: str, requires: list[str]) -> Iterator[tuple[Artifact, bool | str]]:
        python = ">=3.99" if self._chance(0.1, "python") else self._random.choice((None, ">=3.7"))
        facts: dict[str, Any] = {"origin": "here", "requires": requires, "requires_python": python}
        if self._chance(0.03, "sdist"):
            yield sdist(name, version, **facts), False
            return
        if self._chance(0.3, "platforms"):
            yield wheel(name, version, tag="cp27-cp27m-win32", **facts), self._beside[0]
        yield wheel(name, version, **facts), self._random.choice(self._beside)

    def _requires(self, name: str) -> Iterator[str]:
        # None in a circle, on which some pips crash.
        for other in self._random.sample(NAMES, self._random.choice((0, 1, 2, 3, 4))):
            if other > name:
                extra = "[x]" if self._chance(0.15, "extra") else ""
                marker = self._random.choice(MARKERS) if self._chance(0.2, "marker") else ""
                yield f"{other}{extra}{self._random.choice(SPECIFIERS[:-1])}{marker}"

    def _break(self) -> None:
        random = self._random
        server, kind = random.choice(self.servers), random.choice(sorted(FAULTS))
        self.kinds[kind] += 1
        name = random.choice(NAMES)
        where = f"/simple/{name}/"
        if random.random() < 0.5:
            where = f"/files/{name.replace('-', '_')}-{random.choice(VERSIONS)}-py3-none-any.whl.metadata"
        if random.random() < 0.3 and kind in ("503", "reset"):
            self.kinds["once"] += 1
            self.retries = "2"
            server.on(where, _once(FAULTS[kind]))
        else:
            server.on(where, FAULTS[kind] if random.random() < 0.8 else latency(0.2))

    def _arguments(self) -> Iterator[str]:
        random = self._random
        if self._chance(0.15, "pre"):
            yield "--pre"
        if self._chance(0.1, "no-deps"):
            yield "--no-deps"
        if self._chance(0.1, "only-binary"):
            yield "--only-binary=:all:"
        if self._chance(0.2, "constraint"):
            lines = [f"{name}{random.choice(SPECIFIERS[6:-1])}" for name in random.sample(NAMES, 2)]
            path = self.directory / "constraints.txt"
            path.write_text("\n".join(lines), encoding="utf-8")
            yield from ("-c", str(path))
        for name in random.sample(NAMES, random.randint(1, 4)):
            extra = "[x]" if self._chance(0.2, "extra") else ""
            yield f"{name}{extra}{random.choice(SPECIFIERS)}"

    def run(self, environment: Environment, speed: str) -> Result:
        """One resolution, with what is turned off."""
        for server in self.servers:
            server.forget()
        environ = {
            "RIM_ROUTER_SPEED": speed,
            "PIP_RETRIES": self.retries,
            # With their other reader of metadata, older pips take requirements in a new order each time.
            "_PIP_USE_IMPORTLIB_METADATA": "1",
        }
        line = (
            "install",
            "--dry-run",
            "--ignore-installed",
            "--report",
            "report.json",
            *self.arguments,
        )
        return environment.pip(*line, cwd=self.directory, env=environ)

    def outcome(self, environment: Environment, speed: str) -> dict[str, Any]:
        """What a resolution comes to: all that pip says, and its report."""
        report = self.directory / "report.json"
        report.unlink(missing_ok=True)
        result = self.run(environment, speed)
        text = report.read_text(encoding="utf-8") if report.exists() else "null"
        return {
            "code": result.returncode,
            "stdout": _said(result.stdout),
            "stderr": _said(result.stderr),
            "report": json.loads(text),
        }


def _said(text: str) -> list[str]:
    # Where a source distribution is built, pip names a temporary directory.
    return re.sub(r"pip-[a-z-]+-[a-z0-9_]{8}", "pip-temporary", re.sub(_RETRY, "", text)).splitlines()


def _once(behaviour: Behaviour) -> Behaviour:
    """Misbehave for the first request of each two, so that each of two runs meets it."""
    count = 0

    def act(exchange: Exchange) -> bool:
        nonlocal count
        count += 1
        return count % 2 == 1 and behaviour(exchange)

    return act
