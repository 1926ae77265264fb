"""What happened can be seen: hosts in pip's output, and the log for machines (reference: The log)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.external import Pin, assert_said, read_log, rim_of, twins
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from tests.e2e.external.conftest import World
    from tests.support.external import Event

REAL, EVIL = twins("big-model", "1.2")
PATH = f"/w/{REAL.filename}"
EVENTS = {"table", "decision", "refused", "contacted", "redirect", "verified", "failed", "refusal"}


def of(events: list[Event], kind: str, **values: Any) -> list[Event]:
    """The events of a kind that have these values."""
    return [
        each
        for each in events
        if each["event"] == kind and all(each.get(key) == value for key, value in values.items())
    ]


def hosts(events: list[Event]) -> set[str]:
    """The hosts that were contacted, by the log."""
    return {each["host"] for each in of(events, "contacted")}


class TestOutput:
    """Every external host that was contacted is named."""

    def test_named(self, world: World) -> None:
        """The host of a file, at pip's normal verbosity."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert_said(result, world.cdn.name)

    def test_redirect_targets(self, world: World) -> None:
        """Those along the way as well."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.cdn.redirect(PATH, world.mirror.url(PATH))
        world.mirror.redirect(PATH, world.third.put(PATH, REAL.data))
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert_said(result, world.cdn.name, world.mirror.name, world.third.name)

    def test_hosts_that_are_not_contacted(self, world: World) -> None:
        """A listed host that nobody needed is not among them."""
        world.index.place(REAL)
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert world.cdn.name not in result.output

    def test_quiet(self, world: World) -> None:
        """``-q`` is quiet."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "-q", "big-model")
        world.assert_installed(victim, result, "big-model")
        assert result.output.strip() == ""

    def test_data_on_standard_output(self, world: World) -> None:
        """A report on standard output is nothing but that report."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "--dry-run", "--quiet", "--report", "-", "big-model")
        assert result.returncode == 0, str(result)
        assert json.loads(result.stdout)["install"][0]["download_info"]["url"] == world.cdn.url(PATH)


class TestLog:
    """``RIM_ROUTER_LOG``: one JSON object on each line."""

    def test_an_installation(self, world: World) -> None:
        """Table, decision, hosts and the file with its digest, in this order."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        result, events = world.log(victim, "install", "big-model")
        world.assert_installed(victim, result, "big-model")
        assert {each["event"] for each in events} <= EVENTS
        kinds = [each["event"] for each in events]
        assert kinds.index("table") < kinds.index("decision") < kinds.index("verified")
        assert any("index-routing.toml" in str(each["files"]) for each in of(events, "table"))
        assert any("big-model" in json.dumps(each) for each in of(events, "decision"))
        (verified,) = of(events, "verified", file=REAL.filename)
        assert verified["digests"]["sha256"] == REAL.digest()
        assert verified["size"] == len(REAL.data)
        assert verified["host"] == world.cdn.name
        assert verified["url"] == world.cdn.url(PATH)

    def test_the_hosts_are_those_that_were_contacted(self, world: World) -> None:
        """The log and the hosts' own logs agree; each has the rule by which it was allowed."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.cdn.redirect(PATH, world.mirror.put(PATH, REAL.data))
        world.index.place(wheel("leaf", "1.0", origin="owner"))
        victim = world.routed(world.cdn)
        result, events = world.log(victim, "install", "big-model", "leaf")
        world.assert_installed(victim, result, "big-model")
        external = hosts(events) - {world.site.name}
        assert external == set(world.nginx.hosts_asked()) - {world.site.name}
        assert all(each.get("rule") for each in of(events, "contacted") if each["host"] in external)
        (redirect,) = of(events, "redirect")
        assert world.cdn.name in json.dumps(redirect)
        assert world.mirror.name in json.dumps(redirect)

    def test_a_refused_candidate(self, world: World) -> None:
        """Each with its file, host and rule, also where another file served."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        newer = wheel("big-model", "1.3", origin="newer")
        world.show_at(world.mirror, newer, hashes=["sha256"])
        victim = world.routed(world.cdn)
        result, events = world.log(victim, "install", "big-model")
        world.assert_installed(victim, result, "big-model")
        (refused,) = of(events, "refused")
        assert refused["file"] == newer.filename
        assert refused["host"] == world.mirror.name
        assert refused["rule"]
        assert world.mirror.name not in hosts(events)
        assert not of(events, "refusal")

    def test_a_refusal(self, world: World) -> None:
        """Where pip was stopped the log says so."""
        world.show_at(world.cdn, REAL)
        victim = world.routed(world.cdn)
        result, events = world.log(victim, "install", "big-model")
        world.assert_stopped(victim, result)
        assert of(events, "refused", file=REAL.filename, host=world.cdn.name)
        assert of(events, "refusal")
        assert not of(events, "verified", file=REAL.filename)

    @pytest.mark.parametrize("known", ["page", "pin"])
    def test_other_bytes(self, known: str, world: World) -> None:
        """A file that is not what it should be is not called verified; both digests are in the log."""
        url = world.show_at(world.cdn, REAL, served=EVIL, hashes=["sha256"] if known == "page" else [])
        victim = world.routed(world.cdn)
        if known == "pin":
            world.pin(victim, Pin.of(REAL, url))
        result, events = world.log(victim, "install", "big-model")
        world.assert_stopped(victim, result)
        assert not of(events, "verified")
        text = json.dumps(of(events, "refusal"))
        assert REAL.digest() in text
        assert EVIL.digest() in text

    def test_a_rim(self, world: World) -> None:
        """The wheel is what is verified, with its real URL."""
        url = world.cdn.put(PATH, REAL.data)
        world.index.place(rim_of(REAL, url), hashes=["sha256"])
        victim = world.routed(world.cdn)
        result, events = world.log(victim, "install", "big-model")
        world.assert_installed(victim, result, "big-model")
        (verified,) = of(events, "verified", file=REAL.filename)
        assert verified["url"] == url
        assert verified["digests"]["sha256"] == REAL.digest()

    def test_a_wheel_entry(self, world: World) -> None:
        """So is that of an entry; a mirror that failed was contacted too."""
        urls = [world.cdn.url(PATH), world.mirror.put(PATH, REAL.data)]
        world.cdn.answer(PATH, 503)
        entry = {"urls": urls, "sha256": REAL.digest()}
        victim = world.routed(wheels=[entry], routes={})
        result, events = world.log(victim, "install", "big-model")
        world.assert_installed(victim, result, "big-model")
        assert {world.cdn.name, world.mirror.name} <= hosts(events)
        (verified,) = of(events, "verified", file=REAL.filename)
        assert verified["host"] == world.mirror.name

    def test_appends(self, world: World) -> None:
        """A second run adds to the first."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        path = victim.place / "both.jsonl"
        path.write_text('{"event": "table", "note": "of somebody else"}\n', encoding="utf-8")
        counts = [1]
        for _ in range(2):
            env = {"RIM_ROUTER_LOG": str(path)}
            result = world.install(victim, "--force-reinstall", "big-model", env=env)
            world.assert_installed(victim, result, "big-model")
            counts.append(len(read_log(path)))
        assert counts == sorted(set(counts)), counts
        assert read_log(path)[0]["note"] == "of somebody else"

    def test_isolated_builds(self, world: World) -> None:
        """The pip that installs build dependencies writes to the same file."""
        built, _ = twins("acme-build", "1.0")
        world.show_at(world.cdn, built, hashes=["sha256"])
        world.index.place(sdist("built", "1.0", origin="owner", build_requires=["acme-build"]))
        victim = world.routed(world.cdn)
        result, events = world.log(victim, "install", "built")
        world.assert_installed(victim, result, "built")
        assert of(events, "verified", file=built.filename)

    def test_no_secrets(self, world: World) -> None:
        """Neither passwords nor the queries of signed URLs are in it."""
        world.site.protect("ci", "s3cr3t-w0rd")
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        signed = f"{world.mirror.put(PATH, REAL.data)}?X-Amz-Signature=s1gn3d-w0rd"
        world.cdn.redirect(PATH, signed)
        victim = world.equipped()
        url = world.index.url.replace("https://", "https://ci:${RIM_ROUTER_TOKEN}@")
        index = {"url": url, "external-hosts": [str(world.cdn)]}
        victim.route({"house": index}, {"*": "house"})
        result, events = world.log(
            victim, "install", "-vv", "big-model", env={"RIM_ROUTER_TOKEN": "s3cr3t-w0rd"}
        )
        world.assert_installed(victim, result, "big-model")
        for text in (json.dumps(events), result.output):
            assert "s3cr3t-w0rd" not in text
            assert "s1gn3d-w0rd" not in text
        assert events

    @pytest.mark.parametrize("verbose", [[], ["-v"], ["-vvv"]], ids=["plain", "v", "vvv"])
    @pytest.mark.parametrize("failure", [403, "down"])
    @pytest.mark.parametrize("what", ["redirect", "listed", "page"])
    def test_no_secrets_where_something_fails(
        self, what: str, failure: int | str, verbose: list[str], world: World
    ) -> None:
        """The query of a signed URL is in no message, trace or line of the log."""
        signed = f"{world.mirror.put(PATH, REAL.data)}?X-Amz-Signature=s1gn3d-w0rd"
        page = world.index.page_path("big-model")
        if what == "redirect":
            world.show_at(world.cdn, REAL, hashes=["sha256"])
            world.cdn.redirect(PATH, signed)
        elif what == "listed":
            world.index.show(REAL, signed, hashes=["sha256"])
        else:
            world.site.redirect(page, f"{world.mirror.url(page)}?X-Amz-Signature=s1gn3d-w0rd")
        if failure == "down":
            world.mirror.go_down()
        else:
            for path in (PATH, page):
                world.mirror.answer(path, 403)
        victim = world.routed(world.cdn, world.mirror)
        result, events = world.log(victim, "install", *verbose, "big-model")
        assert result.returncode == 1, str(result)
        assert victim.origin("big_model") is None
        assert of(events, "refusal")
        for text in (json.dumps(events), result.output):
            assert "s1gn3d-w0rd" not in text

    def test_a_place_that_has_another_file(self, world: World) -> None:
        """Who served it, and what; also where the next place had the right one."""
        urls = [world.cdn.put(PATH, EVIL.data), world.mirror.put(PATH, REAL.data)]
        victim = world.routed(wheels=[{"urls": urls, "sha256": REAL.digest()}], routes={})
        result, events = world.log(victim, "install", "big-model")
        world.assert_installed(victim, result, "big-model")
        (failed,) = of(events, "failed")
        assert (failed["file"], failed["host"], failed["url"]) == (REAL.filename, world.cdn.name, urls[0])
        assert EVIL.digest() in failed["reason"]

    def test_a_file_that_cannot_be_written(self, world: World) -> None:
        """Whoever wants a record does not get an installation without one."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        env = {"RIM_ROUTER_LOG": str(victim.place / "nowhere" / "log.jsonl")}
        result = world.install(victim, "big-model", env=env)
        world.assert_stopped(victim, result, "RIM_ROUTER_LOG", "log.jsonl")
        assert not world.cdn.requests

    def test_without_a_table(self, world: World) -> None:
        """Where nothing is in force nothing is written."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.equipped()
        result, events = world.log(victim, "install", *world.index.plain_options, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert events == []
        assert not (victim.place / "log.jsonl").exists()
