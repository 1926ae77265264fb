"""The rules of a table, seen through pip."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.servers import IndexServer, status, write_flat_dir, write_simple_dir
from tests.support.tables import table, write_table
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage


class TestDeny:
    """A name that nobody may install."""

    def test_refused_with_its_reason(self, stage: Stage, environments: Environments) -> None:
        """pip stops with the table's words, and asks no index for the name."""
        victim = environments.equipped()
        victim.route(
            {"acme": stage.private.url}, {"acme-*": "acme", "acme-core": {"deny": "retired: use acme-kernel"}}
        )
        result = victim.pip("install", *stage.both, "tool")
        stage.assert_stopped(victim, result, "retired: use acme-kernel", "acme-core")
        assert not stage.private.asked_for("acme-core")


class TestNotFound:
    """A project that its index does not have."""

    @pytest.mark.parametrize("answer", [404, 410])
    @pytest.mark.spread
    def test_stays_not_found(self, answer: int, stage: Stage, environments: Environments) -> None:
        """The error says where it was looked for; nobody else is asked."""
        stage.private.on("acme-core", status(answer))
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", *stage.both, "acme-core")
        stage.assert_stopped(
            victim, result, "No matching distribution found for acme-core", stage.private.netloc, "acme-*"
        )

    def test_says_which_indexes_were_not_asked(self, stage: Stage, environments: Environments) -> None:
        """A user who wonders why learns that the extra index was left out on purpose."""
        stage.private.on("acme-core", status(404))
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", *stage.both, "acme-core")
        stage.assert_stopped(victim, result, stage.public.netloc)

    def test_no_version_that_satisfies(self, stage: Stage, environments: Environments) -> None:
        """A version that only the other index has is not found either."""
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", *stage.both, "acme-core>=2")
        stage.assert_stopped(victim, result, "No matching distribution found for acme-core>=2")


class TestOffline:
    """``--no-index``: claimed names may come from the file system."""

    def test_from_find_links(self, stage: Stage, environments: Environments) -> None:
        """A local directory of wheels serves, and no index is asked."""
        victim = environments.equipped()
        stage.route(victim)
        links = write_flat_dir(victim.place / "wheels", [stage.real])
        victim.pip("install", "--no-index", "--find-links", links, "acme-core", check=True)
        assert victim.origin("acme_core") == "private"
        assert not stage.private.requests

    def test_not_from_a_remote_page(self, stage: Stage, environments: Environments) -> None:
        """A page of links on a server is not local."""
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", "--no-index", "--find-links", stage.public.flat_url, "acme-core")
        stage.assert_stopped(victim, result)

    def test_not_where_policy_forbids_it(self, stage: Stage, environments: Environments) -> None:
        """``policy.offline-find-links = "deny"``."""
        victim = environments.equipped()
        stage.route(victim, **{"offline-find-links": "deny"})
        links = write_flat_dir(victim.place / "wheels", [stage.impostor])
        result = victim.pip("install", "--no-index", "--find-links", links, "acme-core")
        said = 'because policy.offline-find-links is "deny" in ./index-routing.toml:6'
        stage.assert_stopped(victim, result, f"--find-links {links}", said)

    def test_from_an_index_in_the_file_system(self, stage: Stage, environments: Environments) -> None:
        """The route's own index may be asked when it is local."""
        victim = environments.equipped()
        url = write_simple_dir(victim.place / "index", [stage.real])
        victim.route({"acme": url}, {"acme-*": "acme"})
        victim.pip("install", "--no-index", "acme-core", check=True)
        assert victim.origin("acme_core") == "private"

    def test_deny_holds(self, stage: Stage, environments: Environments) -> None:
        """Denied is denied, online or not."""
        victim = environments.equipped()
        victim.route({}, {"acme-*": {"deny": "not here"}})
        links = write_flat_dir(victim.place / "wheels", [stage.real])
        result = victim.pip("install", "--no-index", "--find-links", links, "acme-core")
        stage.assert_stopped(victim, result, "not here")


class TestSeveralIndexes:
    """A route that leads to more than one index."""

    @pytest.fixture
    def second(self) -> Iterator[IndexServer]:
        """Another index of the house, with a higher version."""
        with IndexServer("second") as server:
            server.add(wheel("acme-core", "2.0", origin="second"))
            yield server

    def routes(self, stage: Stage, second: IndexServer, strategy: str) -> dict[str, Any]:
        return {
            "indexes": {"first": stage.private.url, "second": second.url},
            "routes": {"acme-*": {"indexes": ["first", "second"], "strategy": strategy}},
        }

    def test_index_priority(self, stage: Stage, second: IndexServer, environments: Environments) -> None:
        """The first index that has it wins, and the second is not asked."""
        victim = environments.equipped()
        victim.route(**self.routes(stage, second, "index-priority"))
        stage.assert_routed(victim, victim.pip("install", *stage.both, "acme-core"))
        assert not second.asked_for("acme-core")

    def test_version_priority(self, stage: Stage, second: IndexServer, environments: Environments) -> None:
        """The highest version of both wins."""
        victim = environments.equipped()
        victim.route(**self.routes(stage, second, "version-priority"))
        victim.pip("install", *stage.both, "acme-core", check=True)
        assert victim.origin("acme_core") == "second"
        assert not stage.public.asked_for("acme-core")

    @pytest.mark.parametrize("requirement", ["acme-core>=2", "acme-core==2.0"])
    def test_moves_on_when_nothing_satisfies(
        self, requirement: str, stage: Stage, second: IndexServer, environments: Environments
    ) -> None:
        """Index priority is about candidates that satisfy the request."""
        victim = environments.equipped()
        victim.route(**self.routes(stage, second, "index-priority"))
        victim.pip("install", *stage.both, requirement, check=True)
        assert victim.origin("acme_core") == "second"

    def test_moves_on_when_not_found(
        self, stage: Stage, second: IndexServer, environments: Environments
    ) -> None:
        """No such project on the first index: the second."""
        stage.private.on("acme-core", status(404))
        victim = environments.equipped()
        victim.route(**self.routes(stage, second, "index-priority"))
        victim.pip("install", *stage.both, "acme-core", check=True)
        assert victim.origin("acme_core") == "second"

    @pytest.mark.parametrize(
        "filename", ["acme_core-1.5-py3-none-any.whl", "acme-core-2.0-1.tar.gz", "acme-core-2.0.zip"]
    )
    def test_does_not_move_on_past_refused_files(
        self, filename: str, stage: Stage, second: IndexServer, environments: Environments
    ) -> None:
        """Of whatever version: whoever makes a file be refused would decide which index is asked."""
        bad = replace(stage.impostor, filename=filename)
        stage.private.add(bad, at=f"https://elsewhere.example/w/{filename}")
        victim = environments.equipped()
        victim.route(**self.routes(stage, second, "index-priority"))
        result = victim.pip("install", *stage.both, "acme-core>=2")
        stage.assert_stopped(victim, result, "elsewhere.example is not among the external-hosts")
        assert not second.asked_for("acme-core")

    @pytest.mark.parametrize("strategy", ["index-priority", "version-priority"])
    @pytest.mark.parametrize("answer", [401, 403, 429, 500])
    def test_does_not_move_on_after_a_failure(
        self, answer: int, strategy: str, stage: Stage, second: IndexServer, environments: Environments
    ) -> None:
        """An index that fails stops pip, and is not skipped."""
        stage.private.on("acme-core", status(answer))
        victim = environments.equipped()
        victim.route(**self.routes(stage, second, strategy))
        result = victim.pip("install", *stage.both, "acme-core")
        stage.assert_stopped(victim, result, str(answer))
        if strategy == "index-priority":
            assert not second.asked_for("acme-core")


class TestMirrors:
    """An index with mirrors of the same content."""

    def index(self, stage: Stage, mirror: IndexServer) -> dict[str, Any]:
        return {"acme": {"url": stage.private.url, "mirrors": [mirror.url]}}

    @pytest.mark.parametrize("failure", ["503", "down"])
    def test_used_when_the_first_is_out_of_order(
        self, failure: str, stage: Stage, environments: Environments
    ) -> None:
        """Unreachable or 5xx: the mirror is asked."""
        victim = environments.equipped()
        with IndexServer("mirror") as mirror:
            mirror.add(stage.real)
            victim.route(self.index(stage, mirror), {"acme-*": "acme"})
            if failure == "down":
                stage.private.close()
            else:
                stage.private.on("acme-core", status(503))
            victim.pip("install", *stage.both, "acme-core", check=True)
            assert mirror.asked_for("acme-core")
        assert victim.origin("acme_core") == "private"
        assert not stage.public.asked_for("acme-core")

    @pytest.mark.parametrize("answer", [401, 403, 404])
    def test_not_used_otherwise(self, answer: int, stage: Stage, environments: Environments) -> None:
        """A refusal or "not found" is an answer."""
        stage.private.on("acme-core", status(answer))
        victim = environments.equipped()
        with IndexServer("mirror") as mirror:
            mirror.add(stage.real)
            victim.route(self.index(stage, mirror), {"acme-*": "acme"})
            stage.assert_stopped(victim, victim.pip("install", *stage.both, "acme-core"))
            assert not mirror.asked_for("acme-core")


class TestFlatIndex:
    """An index that is a directory or a page of links."""

    def test_page(self, stage: Stage, environments: Environments) -> None:
        """A page of links serves the names routed to it."""
        victim = environments.equipped()
        victim.route({"acme": {"url": stage.private.flat_url, "format": "flat"}}, {"acme-*": "acme"})
        stage.assert_routed(victim, victim.pip("install", *stage.both, "acme-core"))

    def test_directory(self, stage: Stage, environments: Environments) -> None:
        """A directory is given relative to the table."""
        victim = environments.equipped()
        write_flat_dir(victim.project / "vendor" / "wheels", [stage.real])
        victim.route({"acme": {"url": "vendor/wheels", "format": "flat"}}, {"acme-*": "acme"})
        victim.pip("install", *stage.both, "acme-core", check=True)
        assert victim.origin("acme_core") == "private"
        assert not stage.public.asked_for("acme-core")


class TestCredentials:
    """Indexes that want to know who asks."""

    def test_from_the_environment(self, stage: Stage, environments: Environments) -> None:
        """A password is taken from a variable, used, and never shown."""
        stage.private.credentials = ("ci", "s3cr3t-w0rd")
        victim = environments.equipped()
        url = stage.private.url.replace("://", "://ci:${RIM_ROUTER_ACME_TOKEN}@")
        victim.route({"acme": url}, {"acme-*": "acme"})
        result = victim.pip(
            "install", "-v", *stage.both, "acme-core", env={"RIM_ROUTER_ACME_TOKEN": "s3cr3t-w0rd"}
        )
        stage.assert_routed(victim, result)
        assert "s3cr3t-w0rd" not in result.output


class TestCredentialsOfPips:
    """What pip is configured with, and says, with a table in force."""

    @pytest.mark.parametrize(
        ("credentials", "shown"), [("ci:s3cret", "ci:****"), ("t0ken", "****")], ids=["password", "token"]
    )
    def test_in_its_own_form(
        self, credentials: str, shown: str, stage: Stage, environments: Environments
    ) -> None:
        """As without the plugin: the name of a user is seen, and neither a password nor a token."""
        index = stage.public.url.replace("http://", f"http://{credentials}@")
        victim = environments.equipped()
        stage.route(victim)
        said = [
            each.pip("install", "--index-url", index, "leaf", check=True).output
            for each in (victim, environments.plain())
        ]
        for output in said:
            assert f"Looking in indexes: http://{shown}@{stage.public.netloc}/simple/" in output
            assert credentials.rpartition(":")[2] not in output


class TestWhereTablesLie:
    """The layers, from the working directory up to the machine."""

    @pytest.mark.parametrize(
        "layer", ["project", "large", "pyproject", "above", "environment", "user", "machine", "variable"]
    )
    def test_in_force(self, layer: str, stage: Stage, environments: Environments) -> None:
        """A table of each layer routes, and one that is read in another way because it is large."""
        victim = environments.equipped()
        contents: tuple[dict[str, Any], dict[str, Any]] = ({"acme": stage.private.url}, {"acme-*": "acme"})
        cwd, env = victim.project, {}
        if layer == "pyproject":
            text = table(*contents).replace("[indexes]", "[tool.rim-router.indexes]")
            text = text.replace("[routes]", "[tool.rim-router.routes]")
            (victim.project / "pyproject.toml").write_text(text, encoding="utf-8")
        elif layer == "above":
            victim.route(*contents)
            cwd = victim.project / "src" / "deep"
            cwd.mkdir(parents=True)
        elif layer == "large":
            victim.route(contents[0], {**contents[1], **{f"other-{n}": "acme" for n in range(1_000)}})
        elif layer == "variable":
            env = {"RIM_ROUTER_CONFIG": str(write_table(victim.place / "elsewhere", *contents))}
        else:
            directories = {
                "project": victim.project,
                "environment": victim.prefix,
                "user": victim.home / ".config" / "rim-router",
                "machine": victim.site_config / "rim-router",
            }
            write_table(directories[layer], *contents)
        stage.assert_routed(victim, victim.pip("install", *stage.both, "acme-core", cwd=cwd, env=env))


class TestVisible:
    """What was decided is visible."""

    def test_what_goes_where_all_goes(self, stage: Stage, environments: Environments) -> None:
        """A name that only ``"*"`` claims has its line with ``-v``; any other has it always."""
        victim = environments.equipped()
        indexes = {"acme": stage.private.url, "all": stage.public.url}
        victim.route(indexes, {"acme-*": "acme", "*": "all"})
        said = "Routing tool to all (* in ./index-routing.toml)"
        for options, expected in (([], False), (["-v"], True)):
            result = victim.pip("install", "--dry-run", *options, "tool", check=True)
            assert "Routing acme-core to acme (acme-* in " in result.output
            assert (said in result.output) is expected, str(result)

    def test_the_lines(self, stage: Stage, environments: Environments) -> None:
        """One line for the table, one for each routed name, one warning for what is now ignored."""
        victim = environments.equipped()
        stage.route(victim)
        lines = victim.pip("install", *stage.both, "tool", check=True).output.splitlines()
        routed = [line for line in lines if "Routing acme-core to acme (acme-* in " in line]
        assert len(routed) == 1, lines
        assert "index-routing.toml" in routed[0]
        assert sum("index-routing.toml" in line for line in lines) >= 2, "the table itself is named"
        warnings = [line for line in lines if line.startswith("WARNING") and "acme-core" in line]
        assert len(warnings) == 1, lines

    def test_quiet(self, stage: Stage, environments: Environments) -> None:
        """``-q`` is quiet."""
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", "-q", "--index-url", stage.public.url, "acme-core", check=True)
        assert "Routing" not in result.output


class TestOffSwitch:
    """``RIM_ROUTER_DISABLE``."""

    def test_one(self, stage: Stage, environments: Environments) -> None:
        """With 1 pip is plain pip, and one line says what was turned off."""
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", *stage.both, "acme-core", env={"RIM_ROUTER_DISABLE": "1"})
        stage.assert_impostor_won(victim, result)
        assert sum("RIM_ROUTER_DISABLE" in line for line in result.output.splitlines()) == 1, str(result)

    def test_anything_else(self, stage: Stage, environments: Environments) -> None:
        """Another value does not turn it off, and is warned about."""
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", *stage.both, "acme-core", env={"RIM_ROUTER_DISABLE": "true"})
        stage.assert_routed(victim, result)
        assert "RIM_ROUTER_DISABLE" in result.output


class TestNewerToml:
    """What only TOML 1.1 allows, which some Pythons read and others do not."""

    def test_is_the_same_error_everywhere(self, stage: Stage, environments: Environments) -> None:
        """From pip with its own reader, and from the commands with that of Python or of tomli."""
        victim = environments.equipped()
        table = f'[indexes]\nacme = {{\n  url = "{stage.private.url}"\n}}\n[routes]\n"acme-*" = "acme"\n'
        (victim.project / "index-routing.toml").write_text(table, encoding="utf-8")
        said = "index-routing.toml:2:9: an inline table over several lines is TOML 1.1"
        stage.assert_stopped(victim, victim.pip("install", *stage.both, "acme-core"), said)
        checked = victim.run(victim.python.with_name("rim-router"), "check")
        assert checked.returncode == 2
        assert said in checked.words


BROKEN = {
    "no TOML": "[indexes\n",
    "unknown key": '[index]\nacme = "https://pypi.acme.example/simple"\n',
    "unknown index": '[routes]\n"acme-*" = "acme"\n',
}


@pytest.mark.parametrize("broken", BROKEN)
class TestBrokenTable:
    """A table that is there and cannot be used."""

    def test_stops_pip(self, broken: str, stage: Stage, environments: Environments) -> None:
        """pip stops before any request, and names the file."""
        victim = environments.equipped()
        (victim.project / "index-routing.toml").write_text(BROKEN[broken], encoding="utf-8")
        for command in (
            ["install"],
            ["download", "-d", "files"],
            ["wheel", "-w", "files"],
            ["index", "versions"],
        ):
            result = victim.pip(*command, *stage.both, "leaf")
            assert result.returncode != 0, str(result)
            assert "index-routing.toml" in result.words, str(result)
            assert "Traceback" not in result.output, str(result)
        assert not stage.public.requests
        assert not stage.private.requests
        assert victim.origin("leaf") is None

    def test_the_set_up_can_be_repaired(self, broken: str, stage: Stage, environments: Environments) -> None:
        """Commands that neither look up nor download work."""
        victim = environments.equipped()
        victim.pip("install", "--index-url", stage.public.url, "leaf", check=True)
        stage.public.forget()
        (victim.project / "index-routing.toml").write_text(BROKEN[broken], encoding="utf-8")
        for command in (
            ["--version"],
            ["list"],
            ["freeze"],
            ["show", "leaf"],
            ["check"],
            ["config", "list"],
            ["help", "install"],
            ["uninstall", "-y", "leaf"],
            ["uninstall", "-y", "rim-router"],
        ):
            victim.pip(*command, check=True)
        assert "leaf" not in victim.installed()
        assert not stage.public.requests


class TestUnsetVariables:
    """A variable in the URL of an index is not set."""

    def test_the_index_that_has_it_stops_pip_and_no_other(
        self, stage: Stage, environments: Environments
    ) -> None:
        """Other indexes serve; a list does not move on; the message names variable, file and line."""
        victim = environments.equipped()
        url = stage.private.url.replace("//", "//ci:${RIM_ROUTER_TOKEN}@")
        both = {"indexes": ["acme", "public"], "strategy": "index-priority"}
        victim.route({"acme": url, "public": stage.public.url}, {"acme-*": both, "leaf": "public"})
        victim.pip("install", "leaf", check=True)
        said = "environment variable RIM_ROUTER_TOKEN is not set"
        for args in (
            ["acme-core"],
            ["--no-deps", "--dry-run", "acme-core"],
            ["tool", "--index-url", stage.public.url],
        ):
            result = victim.pip("install", *args)
            stage.assert_stopped(victim, result, said, "./index-routing.toml:2, indexes.acme")
        reference = f"acme-core @ {stage.private.file_url(stage.real)}"
        result = victim.pip("install", reference)
        stage.assert_stopped(victim, result, "is not known", "set RIM_ROUTER_TOKEN")
        result = victim.pip("install", "--no-index", "acme-core")
        stage.assert_stopped(victim, result, "No matching distribution")
        assert not stage.private.requests
        result = victim.pip("install", "acme-core", env={"RIM_ROUTER_TOKEN": "word"})
        stage.assert_routed(victim, result)
