"""What ``rim-router export nginx`` prints, run by nginx: any client gets the files that routed pip gets."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Callable

import pytest

from tests.support.exported import Exported, free_address, write_credentials
from tests.support.nginx import JSON_TYPE, NGINX
from tests.support.servers import IndexServer, drop, redirect, status
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment
    from tests.support.servers import Authority

pytestmark = [
    pytest.mark.newest,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.skipif(os.name == "nt", reason="nginx has no workers there"),
]

Serve = Callable[..., Exported]
REASON = 'retired: use "acme-core", not $this'


@pytest.fixture
def serve(tmp_path: Path, authority: Authority) -> Iterator[Serve]:
    """Runs the nginx that an environment's table makes."""
    running: list[Exported] = []

    def start(user: Environment, *options: str, credentials: str = "") -> Exported:
        address = free_address()
        exported = user.run(
            user.python, "-m", "rim_router", "export", "nginx", "--listen", address,
            "--certificates", authority.bundle, *options, check=True,
        )  # fmt: skip
        directory = tmp_path / f"nginx-{len(running)}"
        directory.mkdir()
        write_credentials(directory, exported.output, credentials)
        running.append(Exported(directory, exported.output, address))
        return running[-1]

    yield start
    for each in running:
        each.close()


def digests(directory: Path) -> dict[str, str]:
    """What is in a directory."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir()}


def download(user: Environment, *args: str) -> dict[str, str]:
    """What pip takes."""
    target = user.place / "taken"
    result = user.pip("download", "--dest", target, *args)
    assert result.returncode == 0, str(result)
    return digests(target)


def full_table(user: Environment, stage: Stage, **more: object) -> None:
    """Two indexes, a list, a denial, and everything else."""
    user.route(
        {"acme": stage.private.url, "pypi": stage.public.url},
        {
            "acme-*": "acme",
            "acme-legacy-*": {"deny": REASON},
            "numpy": {"indexes": ["acme", "pypi"], "strategy": "first-index"},
            "click": {"indexes": ["acme", "pypi"], "strategy": "first-index"},
            "*": "pypi",
            **more,
        },
    )


@pytest.mark.parametrize("html_only", [False, True], ids=["json", "html"])
def test_the_same_files(html_only: bool, stage: Stage, environments: Environments, serve: Serve) -> None:
    """pip without the plugin takes from nginx what pip with it takes by the table, to the byte."""
    stage.public.html_only = stage.private.html_only = html_only
    stage.public.add(wheel("numpy", "99.0", origin="public"))
    stage.private.add(wheel("numpy", "1.0", origin="private"))
    stage.public.add(wheel("click", "8.0", origin="public"))
    stage.public.add(sdist("source", "1.0", origin="public"))
    routed, plain = environments.equipped(), environments.plain()
    full_table(routed, stage)
    names = ["tool", "leaf", "numpy", "click", "source"]
    expected = download(routed, *names)
    assert {"acme_core-1.0-py3-none-any.whl", "numpy-1.0-py3-none-any.whl"} <= set(expected)
    attacked = download(
        plain, "--index-url", stage.public.url, "--extra-index-url", stage.private.url, *names
    )
    assert "acme_core-99.0-py3-none-any.whl" in attacked
    for path in (plain.place / "taken").iterdir():
        path.unlink()
    server = serve(routed)
    stage.public.forget()
    assert download(plain, "--index-url", server.url, *names) == expected
    assert not stage.public.asked_for("acme-core")
    assert not stage.public.asked_for("numpy")
    asked = len(stage.public.requests) + len(stage.private.requests)
    for path in (plain.place / "taken").iterdir():
        path.unlink()
    assert download(plain, "--index-url", server.url, *names) == expected
    again = [each.path for each in (*stage.public.requests, *stage.private.requests)[asked:]]
    # What an index has comes from the cache; what it lacks is asked for anew.
    assert again == ["/simple/click/"]


class TestAnswers:
    """What nginx says to a client, and to nobody else."""

    def test_paths(self, stage: Stage, environments: Environments, serve: Serve) -> None:
        routed = environments.equipped()
        full_table(routed, stage)
        server = serve(routed)
        assert server.get("/healthz")[:2] == (200, "ok\n")
        assert server.get("/simple/")[0] == 200
        assert server.get("/simple/tool")[::2] == (301, "/simple/tool/")
        code, _, page = server.get("/simple/acme-core/")
        assert code == 302
        code, body, _ = server.get(page)
        assert code == 200
        assert "acme_core-1.0" in body
        code, body, _ = server.get(page, JSON_TYPE)
        assert code == 200
        assert f'"url": "{page.partition("/simple/")[0]}/files/acme_core-1.0' in body
        assert server.get("/simple/Acme_Core/")[0] == 404
        assert server.get("/simple/acme-core/", method="POST")[0] == 405
        assert server.get("/")[0] == 404

    def test_denied(self, stage: Stage, environments: Environments, serve: Serve) -> None:
        """403 with the reason; the longest prefix counts, and nobody is asked."""
        routed = environments.equipped()
        full_table(routed, stage)
        server = serve(routed)
        assert server.get("/simple/acme-legacy-x/")[:2] == (403, f"denied: {REASON}\n")
        assert not stage.public.requests + stage.private.requests

    def test_not_found(self, stage: Stage, environments: Environments, serve: Serve) -> None:
        """A claimed name that its index lacks is not found, wherever else it is."""
        routed = environments.equipped()
        full_table(routed, stage)
        stage.public.add(wheel("acme-more", "1.0", origin="public"))
        server = serve(routed)
        assert server.get(server.get("/simple/acme-more/")[2])[0] == 404
        assert not stage.public.requests

    def test_unclaimed(self, stage: Stage, environments: Environments, serve: Serve) -> None:
        """Without a route for all names they are refused; the one line that says so can be changed."""
        routed = environments.equipped()
        routed.route({"acme": stage.private.url}, {"acme-*": "acme"})
        server = serve(routed)
        assert server.get("/simple/tool/")[:2] == (403, "no route of the table claims tool\n")
        assert not stage.private.requests
        text = (server.directory / "rim-router.conf").read_text()
        assert text.count("default unclaimed;") == 1

    @pytest.mark.parametrize("how", ["%2e%2e/", "a%2fb/", "//", "%5c", "..%2f"])
    def test_ambiguous_paths(self, how: str, stage: Stage, environments: Environments, serve: Serve) -> None:
        routed = environments.equipped()
        full_table(routed, stage)
        server = serve(routed)
        page = server.get("/simple/tool/")[2]
        assert server.get(page + how)[0] in (400, 404)
        assert not stage.public.requests

    def test_the_page_of_another_index(self, stage: Stage, environments: Environments, serve: Serve) -> None:
        """Whoever makes up the page's own path gets no further than by its name."""
        routed = environments.equipped()
        full_table(routed, stage)
        server = serve(routed)
        page = server.get("/simple/tool/")[2]
        for name in ("acme-core", "%61cme-core"):
            assert server.get(page.replace("tool", name))[0] == 403
        assert not stage.public.requests

    @pytest.mark.parametrize(
        ("behave", "code"),
        [
            (status(401), 502),
            (status(403), 502),
            (status(500), 502),
            (status(503), 502),
            (status(429), 502),
            (drop, 502),
            (status(410), 404),
        ],
        ids=["401", "403", "500", "503", "429", "drop", "410"],
    )
    def test_an_index_that_fails(
        self, behave: object, code: int, stage: Stage, environments: Environments, serve: Serve
    ) -> None:
        """It is never a page of another one, also not in a list."""
        routed = environments.equipped()
        full_table(routed, stage)
        stage.public.add(wheel("numpy", "99.0", origin="public"))
        for name in ("acme-core", "numpy"):
            stage.private.on(name, behave)  # type: ignore[arg-type]
        server = serve(routed)
        assert server.get(server.get("/simple/acme-core/")[2])[0] == code
        if code == 502:
            assert server.get(server.get("/simple/numpy/")[2])[0] == 502
            assert not stage.public.requests

    def test_an_index_that_forwards(self, stage: Stage, environments: Environments, serve: Serve) -> None:
        """A redirect to another index, as some private ones answer for what they lack, is no page."""
        routed = environments.equipped()
        full_table(routed, stage)
        stage.private.on("acme-core", redirect(f"{stage.public.url}acme-core/"))
        server = serve(routed)
        code, body, place = server.get(server.get("/simple/acme-core/")[2])
        assert (code, body, place) == (502, "the index redirects, and that is not followed\n", "")
        assert not stage.public.requests

    def test_a_link_to_a_host_that_is_not_listed(
        self, stage: Stage, environments: Environments, serve: Serve
    ) -> None:
        """Such a link leads back to nginx, which refuses it: in HTML as in JSON."""
        routed, plain = environments.equipped(), environments.plain()
        full_table(routed, stage)
        with IndexServer("stranger") as stranger:
            stage.private.add(wheel("acme-far", "1.0", origin="stranger"), at=stranger)
            server = serve(routed)
            for accept in ("text/html", JSON_TYPE):
                body = server.get(server.get("/simple/acme-far/")[2], accept)[1]
                assert f"/from/i1/http/{stranger.netloc}/" in body
                assert stranger.base not in body
            result = plain.pip("download", "--index-url", server.url, "acme-far")
            assert result.returncode != 0
            assert "403" in result.words
            assert not stranger.requests


class TestCredentials:
    """They are in a file of the server, and never in the configuration."""

    def test_included(self, stage: Stage, environments: Environments, serve: Serve) -> None:
        routed = environments.equipped()
        stage.private.credentials = ("ci", "hunter2")
        url = stage.private.url.replace("://", "://ci:${RIM_ROUTER_TOKEN}@")
        full_table(routed, stage)
        routed.route({"acme": url, "pypi": stage.public.url}, {"acme-*": "acme", "*": "pypi"})
        routed.extra_environ["RIM_ROUTER_TOKEN"] = "hunter2"
        server = serve(routed, credentials='proxy_set_header Authorization "Basic Y2k6aHVudGVyMg==";')
        assert "hunter2" not in (server.directory / "rim-router.conf").read_text()
        assert server.get(server.get("/simple/acme-core/")[2])[0] == 200
        assert server.get(server.get("/simple/tool/")[2])[0] == 200
        assert not [each for each in stage.public.requests if "Authorization" in each.headers]


class TestTls:
    """Certificates of the indexes are checked, by name and authority."""

    def test_trusted(self, authority: Authority, environments: Environments, serve: Serve) -> None:
        with IndexServer("private", tls=authority.context("localhost")) as index:
            index.add(wheel("acme-core", "1.0", origin="private"))
            routed = environments.equipped()
            routed.route({"acme": index.url}, {"acme-*": "acme"})
            server = serve(routed)
            assert server.get(server.get("/simple/acme-core/")[2])[0] == 200

    def test_another_name(self, authority: Authority, environments: Environments, serve: Serve) -> None:
        with IndexServer("private", tls=authority.context("other.example")) as index:
            index.add(wheel("acme-core", "1.0", origin="private"))
            routed = environments.equipped()
            routed.route({"acme": index.url}, {"acme-*": "acme"})
            server = serve(routed)
            assert server.get(server.get("/simple/acme-core/")[2])[0] == 502
            assert not index.requests
