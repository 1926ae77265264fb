"""What ``explain --online`` and ``check --online`` ask, and how they judge what they find: as pip does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rim_router.cli import main
from tests.support.external import twins
from tests.support.servers import IndexServer
from tests.support.tables import write_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers import Exchange
    from tests.unit.conftest import Machine

REAL, _ = twins("big-model", "1.2")
COMMANDS = [["explain", "--online", "big-model"], ["check", "--online"]]
commands = pytest.mark.parametrize("command", COMMANDS, ids=["explain", "check"])


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[IndexServer]:
    """An index that speaks plain HTTP."""
    monkeypatch.setenv("no_proxy", "*")
    with IndexServer("index") as server:
        yield server


def route(
    machine: Machine, url: str, *hosts: IndexServer, mirrors: tuple[str, ...] = (), **policy: str
) -> None:
    """Route the project to an index."""
    entry = {"url": url, "mirrors": mirrors, "external-hosts": [host.netloc for host in hosts]}
    write_table(machine.work, {"house": entry}, {"big-model": "house"}, policy)


def answers(content: str, content_type: str) -> Callable[[Exchange], bool]:
    """Answer with a page."""

    def act(exchange: Exchange) -> bool:
        exchange.reply(200, content, content_type)
        return True

    return act


class TestUnreadablePages:
    """A page that pip's parser fails on."""

    @commands
    @pytest.mark.parametrize(
        ("content", "content_type"),
        [
            (
                json.dumps(
                    {"meta": {"api-version": "1.0"}, "files": [{"url": f"https://[bad/{REAL.filename}"}]}
                ),
                "application/vnd.pypi.simple.v1+json",
            ),
            (f'<base href="https://["><a href="{REAL.filename}">x</a>', "text/html"),
            (f'<a href="https://[">x</a><a href="{REAL.filename}">x</a>', "text/html"),
            (f'<a href="{REAL.filename}">x</a>', "text/html; charset=klingon"),
        ],
        ids=["json", "base", "link", "charset"],
    )
    def test_is_an_error(
        self,
        content: str,
        content_type: str,
        command: list[str],
        index: IndexServer,
        machine: Machine,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """It is the index that fails, and no part of the page is believed."""
        index.on("big-model", answers(content, content_type))
        route(machine, index.url)
        assert main(command) == 1
        out = " ".join(capsys.readouterr().out.split())
        assert f"Index house ({index.url}) answered with a page that cannot be read: " in out

    def test_in_a_directory(self, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
        """A directory of links has pages, too."""
        (machine.work / "links").mkdir()
        (machine.work / "links" / "page.html").write_text('<a href="https://[">x</a>')
        entry = {"url": "links", "format": "flat"}
        write_table(machine.work, {"house": entry}, {"big-model": "house"})
        assert main(["explain", "--online", "big-model"]) == 1
        assert "answered with a page that cannot be read" in capsys.readouterr().out
