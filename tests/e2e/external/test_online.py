"""``explain --online`` and ``check --online`` go where pip goes, and say of a file what pip then does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.external import Index, rim_of, twins

if TYPE_CHECKING:
    from tests.e2e.external.conftest import World

REAL, _ = twins("big-model", "1.2")
PATH = f"/w/{REAL.filename}"
commands = pytest.mark.parametrize(
    "command", [["explain", "--online", "big-model"], ["check", "--online"]], ids=["explain", "check"]
)


def move(world: World, *, by_way_of: str | None = None) -> Index:
    """The page is at the mirror; the index redirects there."""
    other = Index(world.mirror, world.index.form, world.index.path)
    other.place(REAL, hashes=["sha256"])
    target = other.page_url("big-model")
    if by_way_of is not None:
        world.mirror.redirect(by_way_of, target)
        target = world.mirror.url(by_way_of)
    world.site.redirect(world.index.page_path("big-model"), target)
    return other


@commands
def test_the_password_is_for_the_index(command: list[str], world: World) -> None:
    """A listed host that redirects within itself does not get it either."""
    world.site.protect("ci", "s3cr3t-w0rd")
    move(world, by_way_of="/hop/")
    victim = world.equipped()
    url = world.index.url.replace("https://", "https://ci:s3cr3t-w0rd@")
    index = {"url": url, "external-hosts": [str(world.mirror)]}
    victim.route({"house": index}, {"big-model": "house"})
    result = world.rim_router(victim, *command)
    assert result.returncode == 0, str(result)
    assert [each for each in world.site.requests if each.authorization], "the index was told"
    assert len(world.mirror.requests) == 2
    assert not [each for each in world.mirror.requests if each.authorization]


@commands
def test_from_http_to_https(command: list[str], world: World) -> None:
    """On the same host the files are the index's own, which need no hash; the password goes along."""
    world.site.protect("ci", "s3cr3t-w0rd")
    world.index.place(REAL)
    world.site.redirect_http()
    victim = world.equipped()
    url = world.index.url.replace("https://", "http://ci:s3cr3t-w0rd@")
    victim.route({"house": url}, {"big-model": "house"})
    installed = world.install(victim, "--trusted-host", world.site.name, "big-model")
    world.assert_installed(victim, installed, "big-model")
    world.nginx.forget()
    result = world.rim_router(victim, *command, env={"PIP_TRUSTED_HOST": world.site.name})
    assert result.returncode == 0, str(result)
    assert [(each.scheme, bool(each.authorization)) for each in world.site.requests] == [
        ("http", True),
        ("https", True),
    ]


@commands
def test_an_old_openssl(command: list[str], world: World) -> None:
    """It asks no other host for a page; pip stops there."""
    move(world)
    options = {"routes": {"big-model": "house"}, "policy": {"minimum-openssl": "99.0.1"}}
    victim = world.routed(world.mirror, **options)
    world.assert_stopped(victim, world.install(victim, "big-model"), "minimum-openssl")
    result = world.rim_router(victim, *command)
    assert result.returncode == 1, str(result)
    assert f"{world.mirror} may not be asked with" in result.words
    assert not world.mirror.requests


@commands
def test_a_rim(command: list[str], world: World) -> None:
    """One whose wheel is on a host that is not listed may not be used, although it is with the index."""
    world.index.place(rim_of(REAL, world.cdn.put(PATH, REAL.data)), hashes=["sha256"])
    for hosts in ([], [world.cdn]):
        victim = world.routed(*hosts, routes={"big-model": "house"})
        installed = world.install(victim, "big-model")
        if hosts:
            world.assert_installed(victim, installed, "big-model")
        else:
            world.assert_stopped(victim, installed, world.cdn.name)
        world.nginx.forget()
        result = world.rim_router(victim, *command)
        assert result.returncode == (0 if hosts else 1), str(result)
        assert f"host {world.cdn} is not among the external-hosts" in result.words or hosts
        assert not world.cdn.requests
