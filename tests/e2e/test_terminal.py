"""What tables, pages and servers say reaches the terminal as text, and never as commands to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.servers import JSON_TYPE, Exchange

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Result

# Clears the screen, in both ways to begin a sequence; goes back; turns the line; forges one; is invisible.
SPELL = "\x1b[2J\x9b2J\x08\u202e\nWARNING: all is well\u200b\u2028"
SHOWN = r"\x1b[2J\x9b2J\x08\u202e\nWARNING: all is well\u200b\u2028"


def assert_harmless(result: Result, *texts: str) -> None:
    """Nothing in the output moves the cursor, is invisible or forges a line; what was said can be seen."""
    unseen = {each for each in result.output if not (each.isprintable() or each == "\n")}
    assert not unseen, f"{unseen!r} in\n{result}"
    assert not any(line.startswith("WARNING: all is well") for line in result.output.splitlines())
    for text in texts:
        assert text in result.words, f"{text!r} is not in:\n{result}"


def page(stage: Stage, **said: object) -> None:
    """Give the real project's page one file more, with something odd about it."""
    entry = {"filename": stage.real.filename, "url": stage.private.host(stage.real), "hashes": {}, **said}
    body = json.dumps({"meta": {"api-version": "1.1"}, "name": "acme-core", "files": [entry]})

    def behave(exchange: Exchange) -> bool:
        exchange.reply(200, body, JSON_TYPE)
        return True

    stage.private.on("acme-core", behave)


def test_plain_pip_obeys(stage: Stage, environments: Environments) -> None:
    """The attack is one: the reason for which a file was yanked reaches the terminal as it is."""
    page(stage, yanked=SPELL)
    victim = environments.plain()
    result = victim.pip("install", "--index-url", stage.private.url, "acme-core==1.0", check=True)
    assert "\x1b[2J" in result.output
    assert "\u202e" in result.output


def test_what_a_page_says(stage: Stage, environments: Environments) -> None:
    """In pip's own messages and in ours: reasons, versions of Python, names of files."""
    victim = environments.equipped()
    stage.route(victim)
    page(stage, yanked=SPELL)
    assert_harmless(victim.pip("install", *stage.both, "acme-core==1.0", check=True), SHOWN)
    page(stage, **{"requires-python": "<3\x1b[2J\u202e"})
    assert_harmless(victim.pip("install", "--upgrade", *stage.both, "acme-core>=1"))
    # Part of a valid name of a wheel is a build tag, in which anything may be.
    name = "acme_core-3.0-1\x1b[2J\u202e%0A-py3-none-any.whl"
    for url in ("https://elsewhere.example/", f"{stage.private.base}/files/"):
        page(stage, filename=name, url=f"{url}{name}")
        result = victim.pip("install", "-v", "--upgrade", *stage.both, "acme-core>=3")
        assert result.returncode != 0
        assert_harmless(result)
    stage.private.declare("acme-core", "quarantined", SPELL)
    stage.private.on("acme-core", lambda _: False)
    result = victim.pip("install", "--upgrade", *stage.both, "acme-core>=3")
    assert_harmless(result, "acme-core is quarantined: [2J2J WARNING: all is well")


def test_what_a_server_says(stage: Stage, environments: Environments) -> None:
    """Instead of the page: its reason, and where it redirects to."""
    victim = environments.equipped()
    stage.route(victim)

    def forbid(exchange: Exchange) -> bool:
        exchange.send_response(403, "no \x1b[2J\x9b2J\x08 entry")
        exchange.send_header("Content-Length", "0")
        exchange.end_headers()
        return True

    stage.private.on("acme-core", forbid)
    result = victim.pip("install", *stage.both, "acme-core")
    stage.assert_stopped(victim, result, "403")
    assert_harmless(result, r"no \x1b[2J\x9b2J\x08 entry")
    for target in (
        "http://localhost:1/\x1b[2J",
        "http://localhost:1/\u202e\u200bx",
        "http://\u202e.example/",
    ):
        bytewise = target.encode().decode("iso-8859-1")

        def redirect(exchange: Exchange, where: str = bytewise) -> bool:
            exchange.reply(302, Location=where)
            return True

        stage.private.on("acme-core", redirect)
        result = victim.pip("install", *stage.both, "acme-core")
        stage.assert_stopped(victim, result, "redirects")
        assert_harmless(result)


def test_what_a_table_says(stage: Stage, environments: Environments) -> None:
    """A reason, and everything in a table with faults, by pip and by the commands."""
    victim = environments.equipped()
    victim.route({"acme": stage.private.url}, {"acme-*": "acme", "leaf": {"deny": SPELL}})
    result = victim.pip("install", *stage.both, "leaf")
    assert_harmless(result, f"The routing table denies leaf: {SHOWN}")
    script = victim.python.with_name("rim-router")
    for command in (["explain", "leaf"], ["routes"], ["check"]):
        assert_harmless(victim.run(script, *command))
    victim.route(
        {SPELL: "x", "a": f"ftp://{SPELL}", "b": {SPELL: 1}, "c": {"url": "x", "external-hosts": [SPELL]}},
        {SPELL: "a", "x": {"index": SPELL, "marker": SPELL}, "y": {"strategy": SPELL, "indexes": [SPELL]}},
        {SPELL: SPELL, "pins": SPELL, "minimum-openssl": SPELL},
    )
    faulty = [victim.pip("install", "leaf"), victim.run(script, "check"), victim.run(script, "doctor")]
    for result in faulty:
        assert result.returncode != 0
        assert_harmless(result, r"\x9b2J", r"\u202e")
