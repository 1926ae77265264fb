"""Index URLs with ``rim+`` in front: guarded indexes, and routing tables that lie on a server."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.support.servers import IndexServer, redirect, status
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment, Result
    from tests.support.servers import Authority, Exchange


class Shelf:
    """A server that has one routing table.

    :ivar text: the table.
    :ivar conditions: the value of If-None-Match of each request for it.
    """

    def __init__(self, authority: Authority, text: str) -> None:
        self.server = IndexServer("shelf", tls=authority.context("localhost"))
        self.text = text
        self.conditions: list[str | None] = []
        self.server.on("/routing/acme.toml", self._answer)
        self.options: dict[str, str | None] = {"PIP_CERT": str(authority.bundle), "PIP_NO_CACHE_DIR": None}

    @property
    def url(self) -> str:
        """The URL of the table, guarded."""
        return f"rim+{self.server.base}/routing/acme.toml"

    @property
    def digest(self) -> str:
        """Its sha256."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def _answer(self, exchange: Exchange) -> bool:
        tag = f'"{self.digest[:12]}"'
        self.conditions.append(exchange.headers.get("If-None-Match"))
        if self.conditions[-1] == tag:
            exchange.reply(304, "", ETag=tag)
        else:
            exchange.reply(200, self.text, "application/toml", ETag=tag)
        return True


@contextmanager
def _shelf(authority: Authority, text: str) -> Iterator[Shelf]:
    shelf = Shelf(authority, text)
    with shelf.server:
        yield shelf


def table(stage: Stage, *more: str) -> str:
    """A table that routes ``acme-*`` to the private index."""
    return "\n".join([f'[indexes]\nacme = "{stage.private.url}"\n[routes]\n"acme-*" = "acme"', *more, ""])


@pytest.fixture
def shelf(authority: Authority, stage: Stage) -> Iterator[Shelf]:
    """A table on a server, which routes ``acme-*``."""
    with _shelf(authority, table(stage)) as made:
        yield made


def install(victim: Environment, *args: str, **env: str | None) -> Result:
    """Install with these index options only."""
    return victim.pip("install", "--no-cache-dir", *args, env=env)


class TestGuardedIndex:
    """The ordinary index at the URL after ``rim+``."""

    @pytest.mark.parametrize("way", ["option", "variable", "extra", "configuration", "requirements"])
    def test_is_asked(self, way: str, stage: Stage, environments: Environments) -> None:
        """Wherever pip takes an index URL."""
        victim = environments.equipped()
        url = f"rim+{stage.public.url}"
        env: dict[str, str | None] = {}
        args: list[str] = []
        if way == "option":
            args = ["--index-url", url]
        elif way == "variable":
            env = {"PIP_INDEX_URL": url}
        elif way == "extra":
            args = ["--index-url", f"rim+{stage.private.url}", "--extra-index-url", url]
        elif way == "configuration":
            file = victim.home / "pip.conf"
            file.write_text(f"[global]\nindex-url = {url}\n")
            env = {"PIP_CONFIG_FILE": str(file)}
        else:
            (victim.project / "list.txt").write_text(f"--index-url {url}\nleaf\n")
            args = ["-r", "list.txt"]
        result = install(victim, *args, "leaf", **env)
        assert result.returncode == 0, str(result)
        assert victim.origin("leaf") == "public"

    def test_plain_pip_finds_nothing(self, stage: Stage, environments: Environments) -> None:
        """An environment that was forgotten installs nothing, and asks nobody."""
        victim = environments.plain()
        result = install(victim, "--index-url", f"rim+{stage.public.url}", "leaf")
        assert result.returncode != 0
        assert victim.origin("leaf") is None
        assert not stage.public.requests

    def test_turned_off(self, stage: Stage, environments: Environments) -> None:
        """So does a pip whose routing is turned off, and says what was."""
        victim = environments.equipped()
        result = install(victim, "--index-url", f"rim+{stage.public.url}", "leaf", RIM_ROUTER_DISABLE="1")
        assert result.returncode != 0
        assert not stage.public.requests
        assert "turns routing off" in result.words

    def test_reaches_build_environments(self, stage: Stage, environments: Environments) -> None:
        """The pip that installs build requirements is given the same URL."""
        victim = environments.equipped()
        stage.public.add(wheel("acme-build", "98.0", origin="public"))
        result = install(victim, "--index-url", f"rim+{stage.public.url}", "built")
        assert result.returncode == 0, str(result)
        assert victim.origin("built") == "public"

    def test_with_a_table(self, stage: Stage, environments: Environments) -> None:
        """It is pip's own index; claimed names still come from theirs."""
        victim = environments.equipped()
        stage.route(victim)
        result = install(victim, "--index-url", f"rim+{stage.public.url}", "tool")
        stage.assert_routed(victim, result)

    def test_credentials(self, environments: Environments) -> None:
        """Those in the URL are sent, also for files, and never shown."""
        victim = environments.equipped()
        with IndexServer("public", credentials=("ci", "sesame")) as server:
            server.add(wheel("leaf", "1.0", origin="public"))
            url = f"rim+http://ci:sesame@{server.netloc}/simple/"
            result = install(victim, "--index-url", url, "leaf")
        assert result.returncode == 0, str(result)
        assert "sesame" not in result.output

    def test_beside_plain_ones(self, stage: Stage, environments: Environments) -> None:
        """pip with the plugin takes each for what it is; ``guard status`` names the plain ones."""
        victim = environments.equipped()
        indexes = ["--index-url", f"rim+{stage.private.url}", "--extra-index-url", stage.public.url]
        assert install(victim, *indexes, "leaf").returncode == 0
        env = {"PIP_INDEX_URL": f"rim+{stage.private.url}", "PIP_EXTRA_INDEX_URL": stage.public.url}
        status = victim.run(victim.python, "-m", "rim_router", "guard", "status", env=env)
        assert status.returncode == 1
        assert "not guarded" in status.words

    def test_links_in_a_requirements_file(self, stage: Stage, environments: Environments) -> None:
        """As on the command line, only an index can be guarded."""
        victim = environments.equipped()
        (victim.project / "list.txt").write_text(f"--find-links rim+{stage.public.flat_url}\nleaf\n")
        result = install(victim, "--index-url", f"rim+{stage.public.url}", "-r", "list.txt")
        assert result.returncode != 0
        assert "only an index can be guarded" in result.words

    @pytest.mark.parametrize(
        ("args", "reason"),
        [
            (
                ["--index-url", "rim+ftp://localhost/simple"],
                "URL of a guarded index begins with rim+https:",
            ),
            (
                ["--index-url", "rim+http://localhost/table.toml"],
                "URL of a routing table begins with",
            ),
            (["--index-url", "rim+https://localhost/simple#sha256=00"], "an index cannot have"),
            (["--index-url", "rim+https://localhost/x.toml#md5=00"], "64 hexadecimal digits"),
            (["--find-links", "rim+https://localhost/simple"], "only an index can be guarded"),
            (["--extra-index-url", "rim+https://localhost/x.toml"], "is given as an extra index"),
            (["--index-url", "rim+https:////localhost/simple"], "begins with two slashes"),
            (["--index-url", "rim+https://localhost/x.toml/"], "ends in .toml, and this one goes on"),
            (["--index-url", "rim+file:x.toml"], "is not on this machine"),
        ],
    )
    def test_unusable(self, args: list[str], reason: str, environments: Environments) -> None:
        """What cannot be used is an error and not passed over."""
        victim = environments.equipped()
        if "--index-url" not in args and "--find-links" not in args:
            args = ["--index-url", "rim+https://localhost/simple", *args]
        result = install(victim, *args, "leaf")
        assert result.returncode != 0
        assert reason in result.words, str(result)
        assert "Traceback" not in result.output


class TestCentralTable:
    """A table at the index URL is the lowest layer."""

    def pip(
        self, victim: Environment, shelf: Shelf, *args: str, url: str | None = None, **env: str
    ) -> Result:
        options = {**shelf.options, "PIP_INDEX_URL": url or shelf.url, **env}
        return victim.pip("install", *args, env=options)

    def test_routes(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """Claimed names come from their index, and the rest from pip's other indexes."""
        victim = environments.equipped()
        result = self.pip(victim, shelf, "--extra-index-url", f"rim+{stage.public.url}", "tool", "built")
        stage.assert_routed(victim, result)
        assert victim.origin("built") == "public"
        assert shelf.url in result.words

    def test_plain_pip_finds_nothing(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """And asks neither index nor the server of the table."""
        victim = environments.plain()
        result = self.pip(victim, shelf, "acme-core")
        assert result.returncode != 0
        assert [*stage.public.requests, *stage.private.requests, *shelf.server.requests] == []

    def test_requirements_file(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """A requirements file can name it, too."""
        victim = environments.equipped()
        (victim.project / "list.txt").write_text(f"acme-core\n--index-url {shelf.url}\n")
        result = victim.pip("install", "-r", "list.txt", env=dict(shelf.options))
        stage.assert_routed(victim, result)
        assert f"Routing by {shelf.url}" in result.words

    def test_requirements_file_beside_a_table(
        self, shelf: Shelf, stage: Stage, environments: Environments
    ) -> None:
        """Where routing has begun without it, it is added."""
        victim = environments.equipped()
        victim.route({"public": stage.public.url}, {"leaf": "public"})
        (victim.project / "list.txt").write_text(f"acme-core\n--index-url {shelf.url}\nleaf\n")
        log = victim.place / "log"
        options = {**shelf.options, "RIM_ROUTER_LOG": str(log)}
        result = victim.pip("install", "-r", "list.txt", env=options)
        stage.assert_routed(victim, result)
        assert victim.origin("leaf") == "public"
        assert f"Routing by {shelf.url}, " in result.words
        assert shelf.url in log.read_text()

    def test_no_other_index(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """An unclaimed name is then an error that says so."""
        victim = environments.equipped()
        result = self.pip(victim, shelf, "leaf")
        stage.assert_stopped(victim, result, "No route claims leaf", "--extra-index-url rim+https:")

    def test_no_index(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """It is in force with --no-index as well: what it denies is denied."""
        victim = environments.equipped()
        shelf.text = table(stage, '"leaf" = { deny = "not here" }')
        links = victim.place / "links"
        links.mkdir()
        leaf = wheel("leaf", "1.0", origin="links")
        (links / leaf.filename).write_bytes(leaf.data)
        result = self.pip(victim, shelf, "--no-index", "--find-links", str(links), "leaf")
        stage.assert_stopped(victim, result, "denies leaf")

    def test_higher_layers(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """A lock in it holds for a project's table."""
        victim = environments.equipped()
        shelf.text = table(stage).replace('= "acme"\n', '= { index = "acme", locked = true }\n')
        victim.route({"public": stage.public.url}, {"acme-core": "public"})
        result = self.pip(victim, shelf, "acme-core")
        stage.assert_stopped(victim, result, "is locked by", shelf.url)

    def test_digest(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """With a digest a copy that has it is used without asking; anything else is refused."""
        victim = environments.equipped()
        url = f"{shelf.url}#sha256={shelf.digest}"
        stage.assert_routed(victim, self.pip(victim, shelf, "acme-core", url=url))
        asked = len(shelf.conditions)
        assert self.pip(victim, shelf, "--dry-run", "--force-reinstall", "acme-core", url=url).returncode == 0
        assert len(shelf.conditions) == asked
        shelf.text += "# changed\n"
        for copy in tables(victim):
            copy.unlink()
        wrong = self.pip(victim, shelf, "--force-reinstall", "acme-core", url=url)
        assert wrong.returncode != 0
        assert "and should be" in wrong.words

    def test_another_interpreter(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """``pip --python``: its pip need not have the configuration of this one."""
        victim, other = environments.equipped(), environments.plain()
        if not victim.offers("--python"):
            pytest.skip("this pip has no --python")
        (victim.prefix / "pip.conf").write_text(f"[global]\nindex-url = {shelf.url}\n")
        options = {**shelf.options, "PIP_CONFIG_FILE": None}
        links = ["--find-links", stage.public.flat_url]
        refused = victim.pip("--python", other.python, "install", *links, "acme-core", env=options)
        assert refused.returncode != 0
        assert "set PIP_INDEX_URL to it" in refused.words, str(refused)
        assert not stage.public.requests
        by_variable = {**options, "PIP_INDEX_URL": shelf.url}
        routed = victim.pip("--python", other.python, "install", *links, "acme-core", env=by_variable)
        stage.assert_routed(other, routed)

    def test_changed_for_children(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """What the pips that pip starts read is what it has read itself, or they stop."""
        victim = environments.equipped()
        module = victim.site_packages / "rim_router" / "hooks" / "children.py"
        text = module.read_text()
        module.unlink()  # other environments have the same file
        change = "Path(json.loads(os.environ[INHERITED_VARIABLE])[0][1]).write_text('[routes]\\n')"
        module.write_text(
            f"{text}\n\n_usual = hand_down\ndef hand_down(files):\n"
            f"    _usual(files)\n    import json\n    {change}\n"
        )
        extra = ["--extra-index-url", f"rim+{stage.public.url}"]
        url = f"{shelf.url}#sha256={shelf.digest}"
        result = self.pip(victim, shelf, *extra, "built", url=url)
        assert result.returncode != 0
        assert "has changed since the pip that started this one has read it" in result.words
        assert not stage.public.asked_for("acme-build")

    def test_a_route_to_pip(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """A claimed name is not called unclaimed."""
        victim = environments.equipped()
        shelf.text = table(stage, 'leaf = "pip"')
        stage.assert_stopped(
            victim, self.pip(victim, shelf, "leaf"), "leaves leaf to pip, and pip has no index"
        )

    def test_is_validated(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """A copy is asked for with what the server called it; a changed table counts at once."""
        victim = environments.equipped()
        stage.assert_routed(victim, self.pip(victim, shelf, "acme-core"))
        assert self.pip(victim, shelf, "--dry-run", "--force-reinstall", "acme-core").returncode == 0
        assert shelf.conditions[0] is None
        assert shelf.conditions[-1] is not None
        shelf.text = table(stage, '"acme-core" = { deny = "withdrawn" }')
        denied = self.pip(victim, shelf, "--force-reinstall", "acme-core")
        assert "withdrawn" in denied.words

    @pytest.mark.parametrize("fresh", [True, False])
    def test_server_is_away(
        self, fresh: bool, shelf: Shelf, stage: Stage, environments: Environments
    ) -> None:
        """The copy is used, with a warning, if it is of the last day."""
        victim = environments.equipped()
        stage.assert_routed(victim, self.pip(victim, shelf, "acme-core"))
        shelf.server.close()
        if not fresh:
            then = time.time() - 25 * 60 * 60
            for copy in tables(victim):
                os.utime(copy, (then, then))
        result = self.pip(victim, shelf, "--retries", "0", "--dry-run", "--force-reinstall", "acme-core")
        if fresh:
            assert result.returncode == 0, str(result)
            assert "is used as it was earlier today" in result.words
        else:
            assert result.returncode != 0
            assert "cannot be reached" in result.words

    def test_damaged_copy(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """A copy that is not what was written is as good as none, whatever the server says."""
        victim = environments.equipped()
        stage.assert_routed(victim, self.pip(victim, shelf, "acme-core"))
        for copy in tables(victim):
            copy.write_bytes(b"")
        extra = ["--extra-index-url", f"rim+{stage.public.url}"]
        again = self.pip(victim, shelf, "--force-reinstall", *extra, "acme-core")
        stage.assert_routed(victim, again)
        assert shelf.conditions[-1] is None
        for copy in tables(victim):
            copy.write_bytes(b"")
        shelf.server.close()
        away = self.pip(victim, shelf, "--retries", "0", "--force-reinstall", *extra, "acme-core")
        assert away.returncode != 0
        assert not stage.public.asked_for("acme-core")

    def test_a_lost_hook_point(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """A pip that does not say which indexes it has stops; so does one whose routing is turned off."""
        victim = environments.equipped()
        cli = victim.site_packages / "pip" / "_internal" / "cli"
        module = cli / "index_command.py" if (cli / "index_command.py").exists() else cli / "req_command.py"
        text = module.read_text()
        module.unlink()  # other environments have the same file
        module.write_text(text.replace("_get_index_urls", "_index_urls"))
        extra = ["--extra-index-url", f"rim+{stage.public.url}"]
        stage.assert_stopped(victim, self.pip(victim, shelf, *extra, "acme-core"), "laid out in a way")

    def test_turned_off(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """Nobody knows whether a table allows that which has not been fetched."""
        victim = environments.equipped()
        options = {**shelf.options, "PIP_INDEX_URL": shelf.url, "RIM_ROUTER_DISABLE": "1"}
        links = ["--find-links", stage.public.flat_url]
        stage.assert_stopped(victim, victim.pip("install", *links, "acme-core", env=options), "is refused")

    def test_no_cache_dir(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """Nothing is kept; builds are routed all the same."""
        victim = environments.equipped()
        extra = ["--extra-index-url", f"rim+{stage.public.url}"]
        result = self.pip(victim, shelf, "--no-cache-dir", *extra, "built", "acme-core")
        stage.assert_routed(victim, result)
        assert not stage.public.asked_for("acme-build")
        assert not tables(victim)

    def test_file(self, stage: Stage, environments: Environments) -> None:
        """A table in the file system; what is relative in it is relative to it."""
        victim = environments.equipped()
        path = victim.place / "central.toml"
        path.write_text(table(stage))
        result = victim.pip("install", "--index-url", f"rim+{path.as_uri()}", "acme-core")
        stage.assert_routed(victim, result)

    @pytest.mark.parametrize(
        "way", ["other host", "large", "404", "relative", "home", "broken", "variable", "empty"]
    )
    def test_unusable(
        self, way: str, shelf: Shelf, stage: Stage, environments: Environments, authority: Authority
    ) -> None:
        """Whatever is wrong with it stops pip."""
        victim = environments.equipped()
        with IndexServer("other", tls=authority.context("localhost")) as other:
            if way == "other host":
                other.on("*", status(200, shelf.text))
                shelf.server.on("/routing/acme.toml", redirect(f"{other.base}/x.toml"))
                reason = "which is not on its origin"
            elif way == "large":
                shelf.text += "#" * (1 << 20)
                reason = "larger than"
            elif way == "empty":
                shelf.text = ""
                reason = "it is empty"
            elif way == "404":
                shelf.server.on("/routing/acme.toml", status(404))
                reason = "answers 404"
            elif way in ("relative", "home"):
                shelf.text = table(stage).replace(stage.private.url, "../x" if way == "relative" else "~/x")
                reason = "relative"
            elif way == "variable":
                shelf.text = table(stage).replace(stage.private.url, "https://${HOME}.example/simple")
                reason = "RIM_ROUTER_"
            else:
                shelf.text = "[indexes\n"
                reason = "not TOML"
            result = self.pip(victim, shelf, "acme-core")
            stage.assert_stopped(victim, result, reason)
            assert not other.requests

    def test_in_capitals(self, stage: Stage, environments: Environments) -> None:
        """A scheme and a suffix have no case; routing is not turned off for such a table either."""
        victim = environments.equipped()
        path = victim.place / "CENTRAL.TOML"
        path.write_text(table(stage, "[policy]", 'disable = "deny"'))
        url = "RIM+FILE" + path.as_uri()[len("file") :]
        stage.assert_routed(victim, victim.pip("install", "--index-url", url, "acme-core"))
        other = environments.equipped()
        args = ["--index-url", url, "--extra-index-url", stage.public.url, "acme-core"]
        off = other.pip("install", *args, env={"RIM_ROUTER_DISABLE": "1"})
        stage.assert_stopped(other, off, "is refused")

    def test_two(self, shelf: Shelf, stage: Stage, environments: Environments, authority: Authority) -> None:
        """Only one table can be the lowest layer."""
        victim = environments.equipped()
        with _shelf(authority, table(stage)) as other:
            (victim.project / "list.txt").write_text(f"--index-url {other.url}\nacme-core\n")
            result = self.pip(victim, shelf, "-r", "list.txt")
        stage.assert_stopped(victim, result, "are two routing tables")


def tables(victim: Environment) -> list[Path]:
    """The copies of tables in the user's cache."""
    return sorted(victim.home.glob("**/rim-router/tables/*.toml"))


class TestCommand:
    """``rim-router guard``, for pip's configuration."""

    def guard(self, victim: Environment, *args: str) -> Result:
        env = {"PIP_CONFIG_FILE": None}  # which would take the place of the user's
        return victim.run(victim.python, "-m", "rim_router", "guard", *args, env=env)

    def test_on_and_off(self, stage: Stage, environments: Environments) -> None:
        """Reversible and idempotent; other settings stay; a forgotten environment then finds nothing."""
        victim = environments.equipped()
        file = victim.home / ".config" / "pip" / "pip.conf"
        file.parent.mkdir(parents=True)
        before = (
            f"[global]\ntimeout = 7\nindex-url = {stage.private.url}\n"
            f"extra-index-url = {stage.public.url}\n\t{stage.public.base}/more/\n\n"
        )
        file.write_text(before)
        assert self.guard(victim, "on").returncode == 0
        once = file.read_text()
        assert once.count("rim+") == 3
        assert "timeout = 7" in once
        self.guard(victim, "on")
        assert file.read_text() == once
        status = self.guard(victim, "status")
        assert status.words.startswith("guard on"), str(status)
        forgotten = environments.plain()
        stopped = forgotten.pip("install", "leaf", env={"PIP_CONFIG_FILE": str(file)})
        assert stopped.returncode != 0
        assert not stage.public.requests
        assert self.guard(victim, "off").returncode == 0
        assert sorted(file.read_text().split()) == sorted(before.split())

    @pytest.mark.parametrize("way", ["alias", "variable", "empty", "constraint", "unreadable"])
    def test_other_words_for_an_index(self, way: str, stage: Stage, environments: Environments) -> None:
        """Whatever pip takes for one is named, by whatever name it is given."""
        victim = environments.equipped()
        file = victim.home / ".config" / "pip" / "pip.conf"
        file.parent.mkdir(parents=True)
        lines = ["[global]", f"index-url = rim+{stage.private.url}"]
        env = {"PIP_CONFIG_FILE": None}
        if way == "alias":
            lines += ["[install]", f"pypi-url = {stage.public.url}"]
        elif way == "variable":
            env["PIP_PYPI_URL"] = stage.public.url
        elif way == "empty":
            lines = ["[global]", "index-url =", f"extra-index-url = rim+{stage.private.url}"]
        else:
            text = "-r none.txt" if way == "unreadable" else f"--index-url {stage.public.url}"
            (victim.place / "c.txt").write_text(f"# see -i /etc\n{text}\n")
            lines += [f"constraint = {victim.place / 'c.txt'}"]
        file.write_text("\n".join([*lines, ""]))
        status = victim.run(victim.python, "-m", "rim_router", "guard", "status", env=env)
        assert status.returncode == 1, str(status)
        assert "guard part" in status.words
        other = {"empty": "https://pypi.org/simple", "unreadable": "none.txt: cannot be read"}
        named = other.get(way, stage.public.url)
        assert "/etc" not in status.words
        assert named in status.words
        if way == "alias":
            self.guard(victim, "on")
            assert self.guard(victim, "status").words.startswith("guard on")
            forgotten = environments.plain()
            stopped = forgotten.pip("install", "acme-core", env={"PIP_CONFIG_FILE": str(file)})
            assert stopped.returncode != 0
            assert not stage.public.requests

    def test_credentials(self, stage: Stage, environments: Environments) -> None:
        """pip without the plugin prints a guarded URL as it stands: one with credentials is not guarded."""
        victim = environments.equipped()
        file = victim.home / ".config" / "pip" / "pip.conf"
        file.parent.mkdir(parents=True)
        secret = f"http://ci:s3cret@{stage.private.netloc}/simple"
        file.write_text(f"[global]\nindex-url = {stage.public.url}\nextra-index-url = {secret}\n")
        on = self.guard(victim, "on")
        assert on.returncode == 1, str(on)
        assert f"rim+{stage.public.url}" in file.read_text()
        assert "rim+http://ci" not in file.read_text()
        assert "credentials in clear" in on.words
        assert "netrc or keyring" in on.words
        assert "s3cret" not in on.words
        forgotten = environments.plain()
        env = {"PIP_CONFIG_FILE": str(file)}
        assert "s3cret" not in str(forgotten.pip("install", "leaf", env=env))
        # Put there by hand, it is shown; and said to be.
        file.write_text(f"[global]\nindex-url = rim+{secret}\n")
        assert "s3cret" in str(forgotten.pip("install", "leaf", env=env))
        again = self.guard(victim, "on")
        assert again.returncode == 1, str(again)
        assert "pip without rim-router prints them" in again.words

    def test_variables(self, stage: Stage, environments: Environments) -> None:
        """They are named and not changed; nor does any of them get into a file."""
        victim = environments.equipped()
        file = victim.home / ".config" / "pip" / "pip.conf"
        env = {"PIP_CONFIG_FILE": None, "PIP_EXTRA_INDEX_URL": stage.public.url}
        on = victim.run(victim.python, "-m", "rim_router", "guard", "on", env=env)
        assert on.returncode == 1, str(on)
        assert "to guard it: unset PIP_EXTRA_INDEX_URL" in on.words
        assert stage.public.netloc not in file.read_text()
        off = victim.run(victim.python, "-m", "rim_router", "guard", "off", env=env)
        assert off.returncode == 0
        assert "index-url" not in file.read_text()

    def test_two_levels(self, stage: Stage, environments: Environments) -> None:
        """The one that counts is named, and the one that it hides is not."""
        victim = environments.equipped()
        files = victim.home / ".config" / "pip" / "pip.conf", victim.place / "zzz" / "pip" / "pip.conf"
        for file, url in zip(files, (f"rim+{stage.private.url}", stage.public.url)):
            file.parent.mkdir(parents=True)
            file.write_text(f"[global]\nindex-url = {url}\n")
        env = {"PIP_CONFIG_FILE": None, "XDG_CONFIG_DIRS": str(victim.place / "zzz")}
        status = victim.run(victim.python, "-m", "rim_router", "guard", "status", env=env)
        assert status.words.startswith("guard on"), str(status)
        assert "(user: global.index-url)" in status.words
        assert stage.public.url not in status.words

    def test_another_level(self, stage: Stage, environments: Environments) -> None:
        """A file of another level has an index of its own: the guard is not on, and why is said."""
        victim = environments.equipped()
        (victim.prefix / "pip.conf").write_text(f"[global]\nextra-index-url = {stage.public.url}\n")
        on = self.guard(victim, "on")
        assert on.returncode == 1, str(on)
        assert "to guard it: rim-router guard on --site" in on.words
        assert self.guard(victim, "on", "--site").returncode == 0
        assert self.guard(victim, "status").words.startswith("guard on")

    def test_default_index(self, environments: Environments) -> None:
        """Without any index URL it is PyPI that is guarded; afterwards nothing is left."""
        victim = environments.equipped()
        self.guard(victim, "on")
        file = victim.home / ".config" / "pip" / "pip.conf"
        assert "index-url = rim+https://pypi.org/simple" in file.read_text()
        self.guard(victim, "off")
        assert "index-url" not in file.read_text()

    def test_links(self, stage: Stage, environments: Environments) -> None:
        """find-links cannot be guarded: on a server they are open, and named; a directory is only named."""
        victim = environments.equipped()
        stage.route(victim)
        for place, code, words in (
            (stage.public.flat_url, 1, "find-links lead to a server"),
            (str(victim.place), 0, "finds what is in those directories"),
        ):
            env = {"PIP_INDEX_URL": f"rim+{stage.public.url}", "PIP_FIND_LINKS": place}
            status = victim.run(victim.python, "-m", "rim_router", "guard", "status", env=env)
            assert status.returncode == code, str(status)
            assert words in status.words
            assert f"{place} (PIP_FIND_LINKS): cannot be guarded" in status.words

    def test_uv_status(self, environments: Environments) -> None:
        """It is about uv, wherever pip here would go."""
        victim = environments.equipped()
        assert self.guard(victim, "status", "--uv").returncode == 1
        assert self.guard(victim, "on", "--uv").returncode == 0
        assert self.guard(victim, "status", "--uv").returncode == 0
        assert self.guard(victim, "status").returncode == 1

    def test_status(self, stage: Stage, environments: Environments) -> None:
        """Open is 1, for CI."""
        victim = environments.equipped()
        opened = self.guard(victim, "status")
        assert opened.returncode == 1
        assert "open" in opened.words
        stage.route(victim)
        assert self.guard(victim, "status").returncode == 0

    def test_table(self, shelf: Shelf, environments: Environments) -> None:
        """Without its guard a table would be an index."""
        victim = environments.equipped()
        file = victim.home / ".config" / "pip" / "pip.conf"
        file.parent.mkdir(parents=True)
        file.write_text(f"[global]\nindex-url = {shelf.url}\n")
        refused = self.guard(victim, "off")
        assert refused.returncode == 2
        assert "is a routing table" in refused.words
        assert shelf.url in file.read_text()


class TestCommands:
    """Commands know of a table at pip's index URL."""

    def test_they_show_it(self, shelf: Shelf, stage: Stage, environments: Environments) -> None:
        """In ``routes``, ``explain``, ``check`` and ``doctor``; the online ones ask by it."""
        victim = environments.equipped()
        env = {**shelf.options, "PIP_INDEX_URL": shelf.url}

        def run(*args: str) -> Result:
            return victim.run(victim.python, "-m", "rim_router", *args, env=env)

        assert shelf.url in run("routes").stdout
        assert f"in {shelf.url}" in run("explain", "acme-core").words
        online = run("explain", "--online", "acme-core")
        assert online.returncode == 0, str(online)
        assert stage.real.filename in online.stdout
        assert "OK: 1 route" in run("check").stdout
        assert "pip here is routed" in run("doctor").words
