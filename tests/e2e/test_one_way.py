"""``check --online`` reaches what pip reaches, by pip's own settings, and no more: it is pip that asks."""

from __future__ import annotations

import os
import ssl
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.servers import Exchange, IndexServer, html_page
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.conftest import Environments
    from tests.support.environments import Environment
    from tests.support.servers import Authority

REAL = wheel("acme-core", "1.0", origin="private")
ELSEWHERE = "http://index.example/simple/"  # which no resolver knows: only a proxy leads there


@pytest.fixture
def server(authority: Authority) -> Iterator[IndexServer]:
    """The index, with TLS that nobody trusts unless told to."""
    with IndexServer("private", tls=authority.context("localhost")) as made:
        made.add(REAL)
        yield made


@pytest.fixture
def user(environments: Environments, server: IndexServer) -> Environment:
    """Somebody with a table."""
    made = environments.equipped()
    made.route({"house": server.url}, {"acme-core": "house"})
    return made


def outcomes(
    user: Environment, env: Mapping[str, str | None] | None = None, **settings: object
) -> list[bool]:
    """Whether pip, ``check --online`` and ``explain --online`` reach it with some lines of pip.conf."""
    path = user.place / "pip.conf"
    path.write_text(
        "".join(["[global]\n", *(f"{key.replace('_', '-')} = {value}\n" for key, value in settings.items())])
    )
    env = {**(env or {}), "PIP_CONFIG_FILE": str(path)}
    rim_router = [user.python, "-m", "rim_router"]
    results = [
        user.pip("install", "--dry-run", "--no-deps", "acme-core", env=env),
        user.run(*rim_router, "check", "--online", env=env),
        user.run(*rim_router, "explain", "--online", "acme-core", env=env),
    ]
    return [result.returncode == 0 for result in results]


YES, NO = [True] * 3, [False] * 3


def test_cert(user: Environment, authority: Authority) -> None:
    assert outcomes(user) == NO
    assert outcomes(user, cert=authority.bundle) == YES


def test_trusted_host(user: Environment, server: IndexServer) -> None:
    assert outcomes(user, trusted_host=server.netloc) == YES


def test_client_cert(environments: Environments, authority: Authority, tmp_path: Path) -> None:
    context = authority.context("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.bundle)
    with IndexServer("private", tls=context) as server:
        server.add(REAL)
        user = environments.equipped()
        user.route({"house": server.url}, {"acme-core": "house"})
        assert outcomes(user, cert=authority.bundle) == NO
        mine = authority.client(tmp_path / "me.pem")
        assert outcomes(user, cert=authority.bundle, client_cert=mine) == YES


def test_proxy_and_plain_http(environments: Environments, private: IndexServer) -> None:
    """The index is behind a proxy; and plain http is for hosts that are trusted."""
    private.add(REAL)
    user = environments.equipped()
    user.route({"house": ELSEWHERE}, {"acme-core": "house"})
    assert outcomes(user, trusted_host="index.example") == NO
    assert not private.requests
    assert outcomes(user, proxy=private.base) == NO
    assert not private.requests
    assert outcomes(user, proxy=private.base, trusted_host="index.example") == YES
    assert all(request.path.startswith("http://index.example/") for request in private.requests)


def test_system_roots_alone(user: Environment, authority: Authority) -> None:
    """Newer pips trust what OpenSSL is told to trust, and older ones do not."""
    assert outcomes(user, {"SSL_CERT_FILE": str(authority.bundle)}) in (YES, NO)


# The older form has the password, the newer one JSON.
_KEYRING = """#!/bin/sh
case "$*" in
    "get "*" ci") echo s3cr3t-w0rd ;;
    "--mode=creds --output=json get "*) echo '{"username": "ci", "password": "s3cr3t-w0rd"}' ;;
    *) exit 1 ;;
esac
"""


@pytest.mark.skipif(os.name == "nt", reason="the program is a shell script")
def test_keyring(environments: Environments, private: IndexServer) -> None:
    """A program on PATH, or the module where pip knows no program."""
    private.add(REAL)
    private.credentials = ("ci", "s3cr3t-w0rd")
    user = environments.equipped()
    user.route({"house": private.url.replace("//", "//ci@")}, {"acme-core": "house"})
    programs = user.place / "bin"  # pip does not take the one that is beside itself
    programs.mkdir()
    env: dict[str, str | None] = {
        "PIP_NO_INPUT": None,
        "PIP_KEYRING_PROVIDER": "subprocess",
        "PATH": f"{user.environ()['PATH']}{os.pathsep}{programs}",
    }
    assert outcomes(user, env) == NO
    program = programs / "keyring"
    program.write_text(_KEYRING)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    if environments.pip_version < (23, 1):
        module = "def get_password(service, user): return 's3cr3t-w0rd' if user == 'ci' else None\n"
        (user.site_packages / "keyring.py").write_text(module)
    assert outcomes(user, env) == YES


def as_type(content_type: str) -> Callable[[Exchange], bool]:
    """Answer with a page of another type than it is."""

    def act(exchange: Exchange) -> bool:
        link = f'<a href="/files/{REAL.filename}#sha256={REAL.digest()}">{REAL.filename}</a>'
        exchange.reply(200, html_page("Links for acme-core", [link]), content_type)
        return True

    return act


@pytest.mark.parametrize(("content_type", "expected"), [("binary/octet-stream", NO), ("text/html", YES)])
def test_content_type(
    content_type: str, expected: list[bool], environments: Environments, private: IndexServer
) -> None:
    """A page of a type that is none of an index is not read, whatever is in it."""
    private.host(REAL)
    private.on("acme-core", as_type(content_type))
    user = environments.equipped()
    user.route({"house": private.url}, {"acme-core": "house"})
    assert outcomes(user) == expected


def test_what_pip_refuses(environments: Environments, private: IndexServer) -> None:
    """A pip that cannot be routed says so itself, and asks nobody."""
    private.add(REAL)
    user = environments.equipped()
    user.route({"house": private.url}, {"acme-core": "house"})
    collector = user.site_packages / "pip" / "_internal" / "index" / "collector.py"
    text = collector.read_text(encoding="utf-8").replace("def collect_sources(", "def gather_sources(")
    collector.unlink()  # other environments share it
    collector.write_text(text, encoding="utf-8")
    result = user.run(user.python, "-m", "rim_router", "explain", "--online", "acme-core")
    assert result.returncode == 2, str(result)
    assert result.stdout == ""
    assert "cannot be routed: 1 of its hook points" in result.words
    assert "pip could not answer" in result.stderr
    turned_off: dict[str, Any] = {"RIM_ROUTER_DISABLE": "1"}
    result = user.run(user.python, "-m", "rim_router", "check", "--online", env=turned_off)
    assert result.returncode == 2, str(result)
    assert "unset RIM_ROUTER_DISABLE" in result.stderr
    user.pip("uninstall", "--yes", "pip", env=turned_off, check=True)
    result = user.run(user.python, "-m", "rim_router", "check", "--online")
    assert result.returncode == 2, str(result)
    assert "No module named pip" in result.stderr
    assert not private.requests
