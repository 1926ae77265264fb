"""``min-age`` and ``project-status``: too new, without a time, archived, quarantined."""

from __future__ import annotations

import json
import os
import random
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from tests.support.environments import ROOT
from tests.support.external import rim_of
from tests.support.servers import IndexServer, status, write_flat_dir
from tests.support.tables import write_table
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Environments
    from tests.support.environments import Environment, Result
    from tests.support.servers import Authority, Exchange

NAMES = ROOT / "tests" / "support" / "file_names.py"
LONG = os.environ.get("RIM_ROUTER_FUZZ_EXAMPLES")
VALUES = int(LONG or 10_000)
EXEMPT = "RIM_ROUTER_MIN_AGE_EXEMPT"


def ago(**much: float) -> str:
    """An upload time, as PyPI writes it."""
    return (datetime.now(timezone.utc) - timedelta(**much)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.fixture
def market(public: IndexServer) -> IndexServer:
    """A public index: of ``parcel`` 1.0 is old, and 2.0 was uploaded an hour ago."""
    public.add(wheel("parcel", "1.0", origin="public"), uploaded=ago(days=100))
    public.add(wheel("parcel", "2.0", origin="public"), uploaded=ago(hours=1))
    public.add(wheel("needs-new", "1.0", origin="public", requires=["parcel>=2"]), uploaded=ago(days=9))
    return public


def route(
    victim: Environment,
    market: IndexServer,
    index: str | None = "7d",
    policy: str | None = None,
    **route: str,
) -> None:
    """Everything comes from the one index."""
    entry = {"url": market.url, **({"min-age": index} if index else {})}
    target = {"index": "pypi", **{key.replace("_", "-"): value for key, value in route.items()}}
    victim.route({"pypi": entry}, {"*": target}, {"min-age": policy} if policy else {})


def install(victim: Environment, *args: str, **env: str) -> Result:
    return victim.pip("install", "--no-cache-dir", *args, env=env)


class TestAge:
    """A file that was uploaded too short a time ago is absent."""

    @pytest.mark.parametrize("where", ["index", "route", "policy"])
    def test_the_next_older_is_taken(
        self, where: str, market: IndexServer, environments: Environments
    ) -> None:
        """And a warning says what a person needs; plain pip takes what somebody has uploaded an hour ago."""
        plain = environments.plain()
        install(plain, "--index-url", market.url, "parcel")
        assert plain.installed()["parcel"] == "2.0"
        victim = environments.equipped()
        ages = {
            "index": {},
            "route": {"index": None, "min_age": "7d"},
            "policy": {"index": None, "policy": "7d"},
        }
        route(victim, market, **ages[where])
        result = install(victim, "parcel")
        assert victim.installed()["parcel"] == "1.0", str(result)
        assert "is newer than parcel 1.0, and may not be used" in result.words
        assert 'min-age is "7d" in ./index-routing.toml:' in result.words
        assert "old enough on" in result.words

    @pytest.mark.parametrize("resolver", [(), ("--use-deprecated", "legacy-resolver")])
    def test_nothing_is_old_enough(
        self, resolver: tuple[str, ...], market: IndexServer, environments: Environments
    ) -> None:
        """Also where something else requires it; the remedy works."""
        victim = environments.equipped()
        if resolver and not victim.offers("legacy-resolver"):
            pytest.skip("this pip has no legacy resolver")
        route(victim, market)
        for request in ("parcel==2.0", "needs-new"):
            result = install(victim, *resolver, request)
            assert result.returncode != 0
            assert "parcel" not in victim.installed()
            assert "the newest that is old enough is 1.0" in result.words, str(result)
            assert f'{EXEMPT}="parcel==2.0"' in result.words
        result = install(victim, *resolver, "needs-new", **{EXEMPT: "parcel==2.0"})
        assert victim.installed()["parcel"] == "2.0", str(result)
        assert f"it is exempt ({EXEMPT})" in result.words

    def test_exempt_by_the_route(self, market: IndexServer, environments: Environments) -> None:
        """A security fix; under a policy that is the way."""
        victim = environments.equipped()
        route(victim, market, None, "7d", min_age_exempt="==2.0")
        result = install(victim, "parcel")
        assert victim.installed()["parcel"] == "2.0", str(result)
        assert "it is exempt (min-age-exempt in ./index-routing.toml:" in result.words

    def test_the_newest_that_would_do(self, market: IndexServer, environments: Environments) -> None:
        """Not one that is yanked, for another Python, refused for another reason, or a pre-release."""
        victim = environments.equipped()
        route(victim, market)
        old = ago(days=50)
        market.add(wheel("parcel", "1.5", origin="public"), uploaded=old, yanked="broken")
        market.add(wheel("parcel", "1.6", origin="public", requires_python=">=4"), uploaded=old)
        elsewhere = "https://elsewhere.example/parcel-1.7-py3-none-any.whl"
        market.add(wheel("parcel", "1.7", origin="public"), uploaded=old, at=elsewhere)
        market.add(wheel("parcel", "1.8rc1", origin="public"), uploaded=old)
        explained = victim.run(victim.python, "-m", "rim_router", "explain", "--online", "parcel")
        for result in (install(victim, "parcel>=2"), explained):
            assert "the newest that is old enough is 1.0;" in result.words, str(result)
        listed = victim.pip("index", "versions", "parcel")
        assert "is newer than parcel 1.0, and" in listed.words, str(listed)

    def test_a_new_file_of_an_old_release(self, market: IndexServer, environments: Environments) -> None:
        """What is added to a version that everybody has is as new as it is; plain pip takes it."""
        added = wheel("parcel", "1.0", origin="attacker", tag="py3-none-any")
        name = added.filename.replace("1.0-", "1.0-7-")
        market.add(replace(added, filename=name), uploaded=ago(hours=1))
        plain = environments.plain()
        install(plain, "--index-url", market.url, "parcel==1.0")
        assert plain.origin("parcel") == "attacker"
        victim = environments.equipped()
        route(victim, market)
        result = install(victim, "parcel==1.0")
        assert victim.origin("parcel") == "public", str(result)

    def test_no_times(self, market: IndexServer, environments: Environments) -> None:
        """HTML has none; the error names the index and the two ways out."""
        victim = environments.equipped()
        market.html_only = True
        route(victim, market)
        result = install(victim, "parcel")
        assert result.returncode != 0
        assert "its index does not say when it was uploaded" in result.words
        assert "use an index that does" in result.words
        assert 'give parcel a route of its own with min-age = "0d" in ./index-routing.toml' in result.words
        route(victim, market, min_age="0d")
        assert install(victim, "parcel").returncode == 0

    def test_pinned(self, market: IndexServer, environments: Environments) -> None:
        """A pin is the user's own word, and a line says so."""
        victim = environments.equipped()
        route(victim, market)
        new = market.artifact("parcel", "2.0")
        (victim.project / "pylock.external.toml").write_text(
            'lock-version = "1.0"\ncreated-by = "somebody"\n[[packages]]\nname = "parcel"\nversion = "2.0"\n'
            f'[[packages.wheels]]\nname = "{new.filename}"\nurl = "{market.file_url(new)}"\n'
            f'hashes = {{ sha256 = "{new.digest("sha256")}" }}\n'
        )
        result = install(victim, "parcel")
        assert victim.installed()["parcel"] == "2.0", str(result)
        assert "it is exempt (pinned in ./pylock.external.toml" in result.words

    @pytest.mark.parametrize(("uploaded", "version"), [({"days": 9}, "1.5"), ({"hours": 1}, "1.0")])
    def test_a_rim(
        self, uploaded: dict[str, float], version: str, market: IndexServer, environments: Environments,
        authority: Authority,
    ) -> None:  # fmt: skip
        """It is as old as the page says that the ``.rim`` is."""
        victim = environments.equipped()
        stands_for = wheel("parcel", "1.5", origin="owner")
        with IndexServer("cdn", tls=authority.context("localhost")) as cdn:
            rim = rim_of(stands_for, cdn.host(stands_for))
            market.add(rim, uploaded=ago(**uploaded))
            entry = {"url": market.url, "min-age": "7d", "external-hosts": [cdn.netloc]}
            victim.route({"pypi": entry}, {"*": "pypi"})
            result = install(victim, "--cert", str(authority.bundle), "parcel<2")
        assert victim.installed()["parcel"] == version, str(result)
        recorded = victim.site_packages / f"parcel-{version}.dist-info" / "rim_router.json"
        days = 100 if version == "1.0" else uploaded["days"]
        time = datetime.fromisoformat(json.loads(recorded.read_text())["uploaded"].replace("Z", "+00:00"))
        assert round((datetime.now(timezone.utc) - time) / timedelta(days=1)) == days

    def test_a_direct_reference(self, market: IndexServer, environments: Environments) -> None:
        """With a hash it is the user's own word; without one nobody knows how old it is."""
        victim = environments.equipped()
        route(victim, market)
        new = market.artifact("parcel", "2.0")
        refused = install(victim, f"parcel @ {market.file_url(new)}")
        assert refused.returncode != 0
        assert "nobody says when it was uploaded" in refused.words
        taken = install(victim, f"parcel @ {market.file_url(new)}#sha256={new.digest('sha256')}")
        assert victim.installed()["parcel"] == "2.0", str(taken)
        assert "it is exempt (as all is that you name with a hash)" in taken.words

    def test_a_direct_reference_to_an_index_without_an_age(
        self, market: IndexServer, private: IndexServer, environments: Environments
    ) -> None:
        """What holds for its index holds for it, and not what holds for another of the list."""
        victim = environments.equipped()
        own = private.add(wheel("parcel", "1.0", origin="private"))
        victim.route(
            {"acme": private.url, "pypi": {"url": market.url, "min-age": "7d"}},
            {"parcel": {"indexes": ["acme", "pypi"], "strategy": "first-index"}},
        )
        refused = install(victim, f"parcel @ {market.file_url(market.artifact('parcel', '1.0'))}")
        assert "nobody says when it was uploaded" in refused.words
        taken = install(victim, f"parcel @ {private.file_url(own)}")
        assert victim.origin("parcel") == "private", str(taken)

    @pytest.mark.parametrize("strategy", ["first-index", "index-priority"])
    def test_no_reason_to_ask_the_next_index(
        self, strategy: str, market: IndexServer, private: IndexServer, environments: Environments
    ) -> None:
        """Whoever can upload a file decides nothing about which index is asked."""
        victim = environments.equipped()
        private.add(wheel("parcel", "3.0", origin="private"), uploaded=ago(days=30))
        victim.route(
            {"pypi": {"url": market.url, "min-age": "200d"}, "next": private.url},
            {"*": {"indexes": ["pypi", "next"], "strategy": strategy}},
        )
        result = install(victim, "parcel")
        assert result.returncode != 0
        assert not private.asked_for("parcel"), str(result)

    def test_pips_own_option(self, market: IndexServer, environments: Environments) -> None:
        """Both hold."""
        victim = environments.equipped()
        if not victim.offers("--uploaded-prior-to"):
            pytest.skip("this pip has no --uploaded-prior-to")
        market.add(wheel("parcel", "1.5", origin="public"), uploaded=ago(days=20))
        route(victim, market)
        install(victim, "parcel")
        assert victim.installed()["parcel"] == "1.5"
        result = install(
            victim, "--force-reinstall", "--uploaded-prior-to", ago(days=50)[:19] + "Z", "parcel"
        )
        assert victim.installed()["parcel"] == "1.0", str(result)

    def test_the_clock(self, market: IndexServer, environments: Environments) -> None:
        """One that is ahead makes no file older: the server's own time counts, and a warning says so."""
        victim = environments.equipped()
        route(victim, market, "50d")
        early = (datetime.now(timezone.utc) - timedelta(days=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")

        def answer(exchange: Exchange) -> bool:
            exchange.date_time_string = lambda *_: early  # type: ignore[method-assign]
            return False

        market.on("*", answer)
        result = install(victim, "parcel")
        assert result.returncode != 0
        assert "the clock here is 90 days ahead" in result.words, str(result)

    @pytest.mark.parametrize("made", [0, 22])
    def test_the_clock_of_a_cache(self, made: int, market: IndexServer, environments: Environments) -> None:
        """What it has kept is as old as it says; some caches give the time of now as well."""
        victim = environments.equipped()
        route(victim, market)

        def answer(exchange: Exchange) -> bool:
            date = datetime.now(timezone.utc) - timedelta(hours=made)
            exchange.date_time_string = lambda *_: date.strftime("%a, %d %b %Y %H:%M:%S GMT")  # type: ignore[method-assign]
            send = exchange.end_headers

            def end() -> None:
                exchange.send_header("Age", "79200")
                send()

            exchange.end_headers = end  # type: ignore[method-assign]
            return False

        market.on("parcel", answer)
        result = install(victim, "parcel")
        assert victim.installed()["parcel"] == "1.0"
        assert "the clock here" not in result.words, str(result)

    def test_a_mirror_without_times(
        self, market: IndexServer, private: IndexServer, environments: Environments
    ) -> None:
        """A file with the digest that it has to have is as old there; a page without times gives none."""
        victim = environments.equipped()
        old = market.artifact("parcel", "1.0")
        private.add(old)
        entry = {"url": market.url, "mirrors": [private.url], "min-age": "7d"}
        victim.route({"pypi": entry}, {"*": "pypi"})
        market.on(f"/files/{old.filename}", status(503))
        result = install(victim, "parcel")
        assert victim.installed()["parcel"] == "1.0", str(result)
        market.on("parcel", status(503))
        refused = install(victim, "--force-reinstall", "parcel")
        assert refused.returncode != 0
        assert "its index does not say when it was uploaded" in refused.words

    def test_a_policy_of_another_file(self, market: IndexServer, environments: Environments) -> None:
        """The remedy works where the project's own route would hide the one that it speaks of."""
        victim = environments.equipped()
        others = victim.home / ".config" / "rim-router"
        write_table(others, {}, {}, {"min-age": "7d"})
        victim.route({"pypi": market.url}, {"parcel": "pypi"})
        refused = install(victim, "parcel==2.0")
        assert refused.returncode != 0
        says = f'give parcel a route of its own with min-age-exempt = "==2.0" in {others}/index-routing.toml'
        assert (
            f"{says}, with index pypi, and take the route parcel out of ./index-routing.toml:4"
            in refused.words
        ), str(refused)
        exempt = {"index": "pypi", "min-age-exempt": "==2.0"}
        write_table(others, {"pypi": market.url}, {"parcel": exempt}, {"min-age": "7d"})
        victim.route({"pypi": market.url}, {"*": "pypi"})
        taken = install(victim, "parcel==2.0")
        assert victim.installed()["parcel"] == "2.0", str(taken)

    @pytest.mark.parametrize("days", [None, 1, 50])
    def test_a_lock_file(self, days: int | None, market: IndexServer, environments: Environments) -> None:
        """Its entries are the user's own words: a line says so, once, unless it says that they are old."""
        victim = environments.equipped()
        if environments.pip_version < (26, 1):
            pytest.skip("this pip reads no lock files")
        route(victim, market)
        entries = ['lock-version = "1.0"', 'created-by = "somebody"']
        for project, version in (("parcel", "2.0"), ("needs-new", "1.0")):
            file = market.artifact(project, version)
            entries += [
                "[[packages]]",
                f'name = "{project}"',
                f'version = "{version}"',
                "[[packages.wheels]]",
            ]
            entries += [f'name = "{file.filename}"', f'url = "{market.file_url(file)}"']
            entries += [f'hashes = {{ sha256 = "{file.digest("sha256")}" }}']
            entries += [] if days is None else [f"upload-time = {ago(days=days)}"]
        (victim.project / "pylock.toml").write_text("\n".join(entries) + "\n")
        result = install(victim, "-r", "pylock.toml")
        assert victim.installed()["parcel"] == "2.0", str(result)
        lines = [line for line in result.stdout.splitlines() if "it is exempt" in line]
        assert len(lines) == {None: 1, 1: 2, 50: 0}[days], str(result)
        assert all("uploaded on" in line for line in lines) or days is None

    def test_audit(self, market: IndexServer, environments: Environments) -> None:
        """By what was recorded when it was installed, and by the table and the time of now."""
        victim = environments.equipped()
        route(victim, market, None)
        install(victim, "parcel")

        def audited() -> tuple[str, str]:
            result = victim.run(victim.python, "-m", "rim_router", "audit", "--json")
            entries = json.loads(result.stdout)["distributions"]
            found = next(each for each in entries if each["name"] == "parcel")
            return found["state"], found["why"]

        assert audited()[0] == "ok"
        route(victim, market)
        # Without min-age only newer pips look at upload times.
        state, why = audited()
        if environments.pip_version < (26, 0):
            assert (state, why.partition(",")[0]) == ("unknown", "has no upload time in its record")
        else:
            assert (state, "old enough on" in why) == ("elsewhere", True), why
        install(victim, "--force-reinstall", "parcel")
        state, why = audited()
        assert state == "ok"
        assert "; uploaded on" in why
        route(victim, market, "200d")
        state, why = audited()
        assert state == "elsewhere"
        assert 'min-age is "200d" in ./index-routing.toml:2' in why
        route(victim, market, "200d", min_age_exempt="==1.0")
        assert audited()[0] == "ok"

    def test_explain(self, market: IndexServer, environments: Environments) -> None:
        """The same verdict, in `explain --online` and in the log."""
        victim = environments.equipped()
        route(victim, market)
        log = victim.place / "log"
        env = {"RIM_ROUTER_LOG": str(log)}
        shown = victim.run(victim.python, "-m", "rim_router", "explain", "--online", "parcel")
        assert "the newest that is old enough is 1.0" in shown.words, str(shown)
        install(victim, "parcel", **env)
        events = [json.loads(line) for line in log.read_text().splitlines()]
        refused = [event for event in events if event["event"] == "refused"]
        assert refused[0]["file"] == "parcel-2.0-py3-none-any.whl"
        assert "old enough on" in refused[0]["rule"]

    @pytest.mark.parametrize("form", ["/v2/{}/", "/v2/q%2F{}", "/v2/{}", "/v2/{};"])
    def test_the_time_of_another_file(
        self, form: str, market: IndexServer, environments: Environments
    ) -> None:
        """A file has the name that pip gives it, however its URL is written; the younger of two counts."""
        victim = environments.equipped()
        new = wheel("parcel", "3.0", origin="attacker")
        market.add(new, uploaded=ago(hours=1), at=f"{market.base}{form.format(new.filename)}")
        market.add(new, uploaded=ago(days=50))
        route(victim, market)
        result = install(victim, "parcel")
        assert victim.installed()["parcel"] == "1.0", str(result)

    def test_the_name_of_a_file(self, environments: Environments) -> None:
        """Whatever name this pip makes of a URL, the time beside that counts for it."""
        victim = environments.equipped()
        seed = random.randrange(2**32) if LONG else 0
        result = victim.run(victim.python, NAMES, str(VALUES), str(seed), check=True)
        found = json.loads(result.stdout)
        assert found["tried"] > VALUES / 4
        assert not found["differing"], f"seed {seed}: {found['differing'][:9]}"

    def test_a_url_where_there_is_no_index(self, market: IndexServer, environments: Environments) -> None:
        """A policy is for every claimed name."""
        victim = environments.equipped()
        policy = {"min-age": "7d", "direct-references": "allow"}
        victim.route({}, {"parcel": "wheels"}, policy)
        refused = install(victim, f"parcel @ {market.file_url(market.artifact('parcel', '2.0'))}")
        assert refused.returncode != 0
        assert "nobody says when it was uploaded" in refused.words

    def test_a_directory_of_wheels(
        self, market: IndexServer, environments: Environments, tmp_path: Path
    ) -> None:
        """It says nothing of times either; local --find-links with --no-index are the user's own."""
        victim = environments.equipped()
        old = market.artifact("parcel", "1.0")
        directory = write_flat_dir(tmp_path / "wheels", [old])
        table = {"vendored": {"url": directory.as_uri(), "format": "flat"}}
        victim.route(table, {"*": "vendored"}, {"min-age": "7d"})
        refused = install(victim, "parcel")
        assert refused.returncode != 0
        assert "does not say when it was uploaded" in refused.words
        victim.route({"pypi": market.url}, {"*": "pypi"}, {"min-age": "7d"})
        taken = install(victim, "--no-index", "--find-links", str(directory), "parcel")
        assert victim.installed()["parcel"] == "1.0", str(taken)

    @pytest.mark.spread
    def test_on_every_pip(self, market: IndexServer, environments: Environments) -> None:
        """Also where a link of pip's has no upload time."""
        victim = environments.equipped()
        route(victim, market)
        result = install(victim, "parcel")
        assert victim.installed()["parcel"] == "1.0", str(result)


class TestStatus:
    """PEP 792."""

    def test_quarantine_and_a_wheel_in_the_cache(
        self, market: IndexServer, environments: Environments
    ) -> None:
        """What was built before is not taken either; nor is the next index of a list asked."""
        market.add(sdist("crate", "1.0", origin="public"), uploaded=ago(days=50))
        victim = environments.equipped()
        victim.route({"pypi": market.url}, {"*": "pypi"})
        first = victim.pip("install", "crate", env={"PIP_NO_CACHE_DIR": None})
        assert victim.installed()["crate"] == "1.0", str(first)
        market.declare("crate", "quarantined", "malware")
        again = victim.pip("install", "--force-reinstall", "crate", env={"PIP_NO_CACHE_DIR": None})
        assert again.returncode != 0
        assert "is quarantined: malware" in again.words

    @pytest.mark.parametrize("strategy", ["first-index", "index-priority", "version-priority"])
    def test_quarantine_in_a_list(
        self, strategy: str, market: IndexServer, private: IndexServer, environments: Environments
    ) -> None:
        """It is never "absent"."""
        private.add(wheel("parcel", "3.0", origin="private"))
        market.declare("parcel", "quarantined", "malware")
        victim = environments.equipped()
        victim.route(
            {"pypi": market.url, "next": private.url},
            {"*": {"indexes": ["pypi", "next"], "strategy": strategy}},
        )
        result = install(victim, "parcel")
        assert result.returncode != 0
        assert "is quarantined: malware" in result.words
        assert "parcel" not in victim.installed()

    @pytest.mark.parametrize("html", [False, True])
    @pytest.mark.parametrize("status", ["archived", "deprecated"])
    def test_is_said_once(
        self, status: str, html: bool, market: IndexServer, environments: Environments
    ) -> None:
        """With the index's own reason; plain pip says nothing."""
        market.html_only = html
        market.declare("parcel", status, "use crate instead")
        plain = environments.plain()
        assert status not in install(plain, "--index-url", market.url, "parcel").words
        victim = environments.equipped()
        route(victim, market, None)
        result = install(victim, "parcel", "needs-new")
        assert result.returncode == 0
        assert result.words.count(f"says that parcel is {status}: use crate instead") == 1, str(result)

    def test_is_refused(self, market: IndexServer, environments: Environments) -> None:
        """By the policy."""
        market.declare("parcel", "archived", "use crate instead")
        victim = environments.equipped()
        victim.route({"pypi": market.url}, {"*": "pypi"}, {"project-status": "deny"})
        result = install(victim, "needs-new")
        assert result.returncode != 0
        assert "says that parcel is archived: use crate instead" in result.words
        assert 'policy.project-status is "deny" in ./index-routing.toml:' in result.words
        assert victim.installed().keys().isdisjoint({"parcel", "needs-new"})
        listed = victim.pip("list", "--outdated")
        assert listed.returncode == 0, str(listed)
