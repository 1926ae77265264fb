"""What ``[speed]`` makes early changes nothing but when it comes."""

from __future__ import annotations

import ast
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.outcomes import compare
from tests.support.servers import IndexServer, drop, redirect, status
from tests.support.tables import write_table
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Environments
    from tests.support.environments import Environment
    from tests.support.servers import Behaviour, Exchange

OFF = {"RIM_ROUTER_SPEED": "off"}
PATIENCE, SHORT = 20.0, 1.0  # seconds: where the requests are to meet, and where they do not
FAST = (22, 3)  # the first pip with metadata beside files


@pytest.fixture
def other() -> Iterator[IndexServer]:
    """One more index."""
    with IndexServer("other") as server:
        yield server


def together(count: int, met: list[bool], patience: float = SHORT) -> Behaviour:
    """Answer when so many requests are waiting for it, or not at all for a while; notes which it was."""
    barrier = threading.Barrier(count)

    def act(_: Exchange) -> bool:
        try:
            barrier.wait(patience)
            met.append(True)
        except threading.BrokenBarrierError:
            met.append(False)
        return False

    return act


def two_projects(environment: Environment, private: IndexServer, other: IndexServer) -> None:
    """Two projects on an index each, with a dependency each."""
    for server, name in ((private, "acme-a"), (other, "acme-b")):
        for level in ("", "-sub"):
            requires = [] if level else [f"{name}-sub"]
            server.declare(f"{name}{level}", "active")  # as PyPI says of every project
            server.add(
                wheel(f"{name}{level}", "1.0", origin=server.name, requires=requires), core_metadata="sha256"
            )
    environment.route({"one": private.url, "two": other.url}, {"acme-a*": "one", "acme-b*": "two"})


class TestEarly:
    @pytest.mark.parametrize("what", ["pages", "metadata", "files"])
    def test_several_requests_are_under_way(
        self, environments: Environments, private: IndexServer, other: IndexServer, what: str
    ) -> None:
        """Two servers that wait for each other: pip alone asks the second when the first has answered."""
        environment = environments.equipped()
        two_projects(environment, private, other)
        path = {"pages": "/simple/{}/", "metadata": "/files/{}-1.0-py3-none-any.whl.metadata"}.get(
            what, "/files/{}-1.0-py3-none-any.whl"
        )
        names = ("acme-a", "acme-b") if what == "pages" else ("acme_a", "acme_b")
        early = environments.pip_version >= FAST
        for env in ({}, OFF):
            met: list[bool] = []
            behaviour = together(2, met, PATIENCE if early and not env else SHORT)
            private.on(path.format(names[0]), behaviour)
            other.on(path.format(names[1]), behaviour)
            target = f"target-{len(env)}"
            environment.pip("install", "--target", target, "acme-a", "acme-b", env=env, check=True)
            assert met == ([early and not env] * 2 if early or what != "metadata" else [])
            count = len(private.requests) + len(other.requests)
            # A page, metadata and a file of each; pip 22.2 knows no metadata.
            assert count == (12 if early else 8)
            private.forget()
            other.forget()

    def test_only_what_pip_asks_for(
        self, environments: Environments, private: IndexServer, other: IndexServer
    ) -> None:
        """No name whose marker or extra does not hold, none that is here, and no later index of a list."""
        environment = environments.equipped()
        requires = [
            "acme-always", "acme-never; sys_platform == 'nowhere'", "acme-extra; extra == 'x'",
            "acme-more; extra == 'y'", "acme-here", "unclaimed; sys_platform == 'nowhere'",
        ]  # fmt: skip
        private.add(wheel("acme-a", "1.0", origin="private", requires=requires), core_metadata="sha256")
        for name in ("acme-always", "acme-never", "acme-extra", "acme-more", "acme-here"):
            for server in (private, other):
                server.add(wheel(name, "1.0", origin=server.name), core_metadata="sha256")
        lists = {"indexes": ["one", "two"], "strategy": "first-index"}
        environment.route({"one": private.url, "two": other.url}, {"acme-*": lists})
        environment.pip("install", "acme-here", check=True)
        asked = []
        for env in ({}, OFF):
            private.forget()
            environment.pip("install", "--dry-run", "acme-a[x]", env=env, check=True)
            asked.append(sorted(request.path for request in private.requests))
        assert asked[0] == asked[1]
        assert private.projects_asked_for() == ["acme-a", "acme-always", "acme-extra"]
        assert other.requests == []

    @pytest.mark.parametrize("way", ["cookies", "validators"])
    def test_no_request_is_sent_twice(
        self, way: str, environments: Environments, private: IndexServer, other: IndexServer
    ) -> None:
        """Where a server sets cookies, only the first of them; and never because of what a cache adds."""
        environment = environments.equipped()
        two_projects(environment, private, other)
        for number in range(6):
            private.add(wheel(f"acme-a{number}", "1.0", origin="private"))
        names = ["acme-a", "acme-b", *(f"acme-a{number}" for number in range(6))]

        def answer(exchange: Exchange) -> bool:
            usual = exchange.end_headers

            def end_headers() -> None:
                if way == "cookies":
                    exchange.send_header("Set-Cookie", "balancer=1")
                else:
                    exchange.send_header("ETag", '"always"')
                    exchange.send_header("Cache-Control", "max-age=600")
                usual()

            exchange.end_headers = end_headers  # type: ignore[method-assign]
            return False

        private.on("*", answer)
        counts = []
        for env in (OFF, {}):
            for _ in range(2):
                private.forget()
                environment.pip(
                    "install", "--dry-run", *names, env={**env, "PIP_NO_CACHE_DIR": None}, check=True
                )
            counts.append(len(private.requests))
        off, on = counts
        assert on <= off + (2 if way == "cookies" else 0), counts

    def test_a_projects_own_name(
        self, environments: Environments, private: IndexServer, other: IndexServer
    ) -> None:
        """pip never asks for what it was given by a path, whoever requires it."""
        environment = environments.equipped()
        private.add(wheel("acme-plugin", "1.0", origin="private", requires=["acme-app"]), core_metadata=True)
        environment.route({"one": private.url}, {"acme-*": "one"})
        sdist("acme-app", "1.0", origin="here", requires=["acme-plugin"]).unpack_to(
            environment.project / "app"
        )
        environment.pip("install", "./app", check=True)
        assert private.projects_asked_for() == ["acme-plugin"]

    def test_of_what_is_downloaded_only_pages_are_asked_for(
        self, environments: Environments, private: IndexServer, other: IndexServer
    ) -> None:
        """pip looks into the file that it has."""
        environment = environments.equipped()
        two_projects(environment, private, other)
        for env in (OFF, {}):
            private.forget()
            environment.pip("download", "--dest", "here", "acme-a", "acme-b", env=env, check=True)
        assert [request.path for request in private.requests] == ["/simple/acme-a/", "/simple/acme-a-sub/"]

    def test_what_is_refused_leads_nowhere(
        self, environments: Environments, private: IndexServer, other: IndexServer
    ) -> None:
        """Nothing is asked for that only a quarantined project, or one for another Python, requires."""
        environment = environments.equipped()
        environment.route({"one": private.url}, {"acme-*": "one"})
        private.add(
            wheel("acme-q", "1.0", origin="private", requires=["acme-secret"]), core_metadata="sha256"
        )
        private.declare("acme-q", "quarantined")
        late = wheel("acme-r", "1.0", origin="private", requires=["acme-secret"], requires_python=">=3.99")
        private.add(replace(late, requires_python=None), core_metadata="sha256")
        asked = []
        for env in (OFF, {}):
            private.forget()
            for name in ("acme-q", "acme-r"):
                assert environment.pip("install", name, env=env).returncode != 0
            asked.append(sorted(request.path for request in private.requests))
        assert asked[0] == asked[1]  # the oldest pip looks at what is required before it refuses

    @pytest.mark.parametrize("failure", ["401", "403", "503", "drop", "redirect", "moved"])
    def test_what_fails_is_pips_own_business(
        self, environments: Environments, private: IndexServer, other: IndexServer, failure: str
    ) -> None:
        """The same words in the same order; and no redirect is followed in the background."""
        environment = environments.equipped()
        two_projects(environment, private, other)
        behaviours = {
            "drop": drop,
            "redirect": redirect(f"{private.url}acme-b-sub/"),
            "moved": redirect(f"{other.url}acme-b-sub/index.html", 301),
        }
        other.on("acme-b-sub", behaviours.get(failure) or status(int(failure)))
        found = []
        for env in ({}, OFF):
            result = environment.pip("install", "--dry-run", "acme-a", "acme-b", env=env)
            found.append((result.returncode, result.stdout, result.stderr))
            assert "Traceback" not in result.output
        assert found[0] == found[1]
        assert not private.asked_for("acme-b-sub")

    def test_credentials_are_those_of_the_table(
        self, environments: Environments, private: IndexServer, other: IndexServer
    ) -> None:
        """An index that wants them gets them, and no other; with wrong ones it is asked once early."""
        environment = environments.equipped()
        two_projects(environment, private, other)
        private.credentials = ("user", "right")
        for password, code in (("right", 0), ("wrong", 1)):
            private.forget()
            other.forget()
            url = private.url.replace("://", f"://user:{password}@")
            environment.route({"one": url, "two": other.url}, {"acme-a*": "one", "acme-b*": "two"})
            result = environment.pip("install", "--dry-run", "acme-b", "acme-a")
            assert result.returncode == code, str(result)
            assert all("Authorization" in request.headers for request in private.requests)
            assert not any("Authorization" in request.headers for request in other.requests)
            assert "User for" not in result.output
        assert len(private.requests) <= 3  # early, by pip, and by pip as the answer to 401

    def test_nothing_is_early_for_those_who_look_closely(
        self, environments: Environments, private: IndexServer, other: IndexServer
    ) -> None:
        """With -v pip says why it skips a file, and what it asks for in which order."""
        environment = environments.equipped()
        two_projects(environment, private, other)
        private.add(wheel("acme-a", "2.0", origin="private", tag="cp27-cp27m-win32"))
        met: list[bool] = []
        behaviour = together(2, met)
        private.on("acme-a", behaviour)
        other.on("acme-b", behaviour)
        result = environment.pip("install", "-vv", "--dry-run", "acme-a", "acme-b", check=True)
        assert met == [False, False]
        assert "none of the wheel's tags" in result.output


class TestSettings:
    def test_each_can_be_turned_off(
        self, environments: Environments, private: IndexServer, other: IndexServer
    ) -> None:
        """By the table."""
        environment = environments.equipped()
        two_projects(environment, private, other)
        write_table(
            environment.project, {"one": private.url, "two": other.url}, {"acme-a*": "one", "acme-b*": "two"}
        )
        table = environment.project / "index-routing.toml"
        with table.open("a", encoding="utf-8") as file:
            file.write("\n[speed]\nask-early = false\n")
        met: list[bool] = []
        behaviour = together(2, met)
        private.on("acme-a", behaviour)
        other.on("acme-b", behaviour)
        environment.pip("install", "--dry-run", "acme-a", "acme-b", check=True)
        assert met == [False, False]

    def test_another_word_is_an_error(self, environments: Environments, private: IndexServer) -> None:
        """As everything that cannot have been meant."""
        environment = environments.equipped()
        environment.route({"acme": private.url}, {"acme-*": "acme"})
        result = environment.pip("install", "acme-core", env={"RIM_ROUTER_SPEED": "slow"})
        assert result.returncode == 1
        assert "'slow' is none of off, ask-early, drop-early, parallel-downloads" in result.words
        assert private.requests == []


@pytest.mark.newest
@pytest.mark.parametrize("first", range(0, 18, 6))
def test_made_up_requirements_end_alike(environments: Environments, tmp_path: Path, first: int) -> None:
    """All that pip says, reports, writes and installs; ``python -m bench.equality`` tries many more."""
    environment = environments.equipped()
    pip = ".".join(map(str, environments.pip_version))
    for number in range(first, first + 6):
        assert not compare(number, environment, tmp_path, pip).differences, number


# What is left when pip has resolved, and only Python's search for circles would find.
COUNT = """
import gc, sys
from pip._internal.cli.main import main
from pip._internal.resolution.resolvelib.resolver import Resolver

def resolve(resolver, *args, original=Resolver.resolve, **options):
    gc.collect()
    gc.disable()
    try:
        return original(resolver, *args, **options)
    finally:
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        print("left:", sorted({type(each).__name__ for each in gc.garbage}))

Resolver.resolve = resolve
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("env", [{}, OFF], ids=["on", "off"])
def test_no_page_and_no_file_stays_in_memory(
    environments: Environments, private: IndexServer, env: dict[str, str]
) -> None:
    """Nothing refers to an answer in a circle: pages would wait there until Python looks for such."""
    environment = environments.equipped()
    private.add(wheel("acme-a", "1.0", origin="private", requires=["acme-b"]), core_metadata="sha256")
    private.add(wheel("acme-b", "1.0", origin="private"), core_metadata="sha256")
    environment.route({"one": private.url}, {"acme-*": "one"})
    arguments = ("install", "--target", "target", "acme-a", "--disable-pip-version-check")
    said = environment.run(environment.python, "-c", COUNT, *arguments, env=env, check=True).stdout
    (left,) = [line for line in said.splitlines() if line.startswith("left:")]
    assert not {"Response", "IndexContent", "HTTPResponse", "PipSession"} & set(ast.literal_eval(left[6:]))
