"""Tricks that go around a table without breaking it: odd URLs, empty digests, caches, switches."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Callable
from urllib.parse import unquote

import pytest

from tests.support.servers import JSON_TYPE, Exchange, IndexServer, redirect, status
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment, Result
    from tests.support.servers import Behaviour
    from tests.support.wheels import Artifact


def serve(artifact: Artifact) -> Behaviour:
    """Answer with a file, whatever the path is."""

    def act(exchange: Exchange) -> bool:
        exchange.reply(200, artifact.data, "application/octet-stream")
        return True

    return act


def below(token: str, behaviour: Behaviour) -> Behaviour:
    """Do something for the files below a path, however it is quoted."""

    def act(exchange: Exchange) -> bool:
        return unquote(exchange.path).startswith(f"/{token}/files/") and behaviour(exchange)

    return act


class TestTwoHostsInOneUrl:
    """``http://evil\\@acme/x.whl`` is on ``acme`` for Python's urllib, and on ``evil`` for who connects."""

    def url(self, stage: Stage) -> str:
        return f"http://{stage.public.netloc}\\@{stage.private.netloc}/files/{stage.impostor.filename}"

    def test_plain_pip_takes_the_file_of_the_other_host(
        self, stage: Stage, environments: Environments
    ) -> None:
        """The attack is one, by a page of the right index."""
        stage.private.add(stage.impostor, at=self.url(stage))
        stage.public.on("*", serve(stage.impostor))
        victim = environments.plain()
        result = victim.pip("install", "--index-url", stage.private.url, "acme-core")
        stage.assert_impostor_won(victim, result)

    def test_on_a_page(self, stage: Stage, environments: Environments) -> None:
        """The file is left out, and the next best one is taken."""
        stage.private.add(stage.impostor, at=self.url(stage))
        stage.public.on("*", serve(stage.impostor))
        victim = environments.equipped()
        stage.route(victim)
        stage.assert_routed(victim, victim.pip("install", "--index-url", stage.private.url, "acme-core"))
        result = victim.pip("install", "--index-url", stage.private.url, "acme-core==99.0")
        assert result.returncode != 0, str(result)
        assert "programs read" in result.words
        assert not stage.public.requests

    @pytest.mark.parametrize("policy", ["allow", "hashed"])
    def test_in_a_direct_reference(self, policy: str, stage: Stage, environments: Environments) -> None:
        """It is refused whatever the policy is, and not shown."""
        stage.public.on("*", serve(stage.impostor))
        victim = environments.equipped()
        stage.route(victim, **{"direct-references": policy})
        result = victim.pip("install", f"acme-core @ {self.url(stage)}")
        stage.assert_stopped(victim, result, "programs read", "<ambiguous URL>")
        assert not stage.public.requests


class TestDigestsOfNothing:
    """What looks like a sha256 and is none: pip takes an empty one for no digest at all."""

    def test_plain_pip_installs_it(self, stage: Stage, environments: Environments) -> None:
        """The attack is one."""
        victim = environments.plain()
        result = victim.pip("install", f"acme-core @ {stage.public.file_url(stage.impostor)}#sha256=")
        if "AssertionError" in result.output:
            pytest.skip("this pip stops by itself")
        stage.assert_impostor_won(victim, result)

    @pytest.mark.parametrize(
        ("algorithm", "digest"),
        [("sha256", ""), ("sha256", "abc"), ("sha384", "g" * 96), ("sha512", "0" * 64)],
    )
    def test_refused(self, algorithm: str, digest: str, stage: Stage, environments: Environments) -> None:
        """It is as good as none, and the host is not asked."""
        victim = environments.equipped()
        stage.route(victim)
        url = stage.public.file_url(stage.impostor)
        result = victim.pip("install", f"acme-core @ {url}#{algorithm}={digest}")
        stage.assert_stopped(victim, result, "carries no sha256, sha384 or sha512", stage.public.netloc)
        assert not stage.public.requests

    @pytest.mark.parametrize("fragment", ["sha512=&{}", "{}&sha512=", "md5=&{}", "sha256=&{}"])
    def test_do_not_spoil_others(self, fragment: str, stage: Stage, environments: Environments) -> None:
        """Whichever of two digests a pip looks at, one that does not match is not passed over."""
        victim = environments.equipped()
        stage.route(victim)
        url = stage.public.file_url(stage.impostor)
        result = victim.pip("install", f"acme-core @ {url}#{fragment.format('sha256=' + '0' * 64)}")
        assert result.returncode != 0, str(result)
        assert victim.origin("acme_core") is None

    def test_refused_as_an_option(self, stage: Stage, environments: Environments) -> None:
        """A requirements file has another way to give a digest."""
        victim = environments.equipped()
        stage.route(victim)
        requirements = victim.project / "requirements.txt"
        url = stage.public.file_url(stage.impostor)
        requirements.write_text(f"acme-core @ {url} --hash=sha256:abc\n", encoding="utf-8")
        stage.assert_stopped(victim, victim.pip("install", "-r", requirements), "carries no sha256")
        assert not stage.public.requests


@pytest.mark.parametrize("legacy", [False, True], ids=["", "legacy-resolver"])
class TestAnotherNameInside:
    """A source distribution of one project whose metadata say that it is the other one."""

    def install(self, victim: Environment, stage: Stage, legacy: bool) -> Result:
        if legacy and not victim.offers("legacy-resolver"):
            pytest.skip("this pip has no legacy resolver")
        made = sdist("acme-core", "99.0", origin="public")
        stage.public.add(replace(made, project="thing", filename="thing-99.0.tar.gz"))
        stage.public.forget()
        options = ["--use-deprecated", "legacy-resolver"] if legacy else []
        return victim.pip("install", *options, "--index-url", stage.public.url, "thing")

    def test_plain_pip(self, legacy: bool, stage: Stage, environments: Environments) -> None:
        """The legacy resolver installs it under that name; the other one does not."""
        victim = environments.plain()
        result = self.install(victim, stage, legacy)
        assert (result.returncode == 0) is legacy, str(result)
        assert victim.origin("acme_core") == ("public" if legacy else None)

    @pytest.mark.parametrize("is_claimed", [False, True], ids=["", "claimed"])
    def test_not_installed(
        self, is_claimed: bool, legacy: bool, stage: Stage, environments: Environments
    ) -> None:
        """Whether the table has a route for the one name or not."""
        victim = environments.equipped()
        indexes = {"private": stage.private.url, "public": stage.public.url}
        routes = {"acme-*": "private", **({"thing": "public"} if is_claimed else {})}
        victim.route(indexes, routes)
        result = self.install(victim, stage, legacy)
        assert result.returncode != 0, str(result)
        assert victim.origin("acme_core") is None
        if legacy:
            assert "acme-core may not come from" in result.words


class TestRefusedOnTheFirstIndex:
    """Index priority: a refused file is there all the same, and the next index is none of its business."""

    ELSEWHERE = "https://elsewhere.example/w/"

    @pytest.fixture
    def second(self) -> Iterator[IndexServer]:
        """Another index, with higher versions."""
        with IndexServer("second") as server:
            server.add(wheel("acme-extra", "2.0", origin="second"))
            server.add(wheel("acme-core", "2.0", origin="second"))
            yield server

    def route(self, victim: Environment, stage: Stage, second: IndexServer) -> None:
        victim.route(
            {"first": stage.private.url, "second": second.url},
            {"acme-*": {"indexes": ["first", "second"], "strategy": "index-priority"}},
        )

    def refuse(self, stage: Stage, name: str, version: str) -> None:
        """Let the first index have a file on a host that it has no business with."""
        artifact = wheel(name, version, origin="elsewhere")
        stage.private.add(artifact, at=self.ELSEWHERE + artifact.filename)

    def test_not_there_at_all(self, stage: Stage, second: IndexServer, environments: Environments) -> None:
        """A project that the first index does not have is looked for on the second."""
        victim = environments.equipped()
        self.route(victim, stage, second)
        victim.pip("install", *stage.both, "acme-extra", check=True)
        assert victim.origin("acme_extra") == "second"

    @pytest.mark.parametrize(
        "command",
        [
            "install",
            "download",
            "index versions",
        ],
    )
    def test_says_which_file_was_refused(
        self, command: str, stage: Stage, second: IndexServer, environments: Environments
    ) -> None:
        """And what would allow it."""
        self.refuse(stage, "acme-extra", "1.0")
        victim = environments.equipped()
        self.route(victim, stage, second)
        result = victim.pip(*command.split(), *stage.both, "acme-extra")
        assert "host elsewhere.example is not among the external-hosts of index first" in result.words
        assert 'add external-hosts = ["elsewhere.example"] to index first' in result.words

    @pytest.mark.parametrize("command", ["install", "download", "index versions"])
    def test_all_files_refused(
        self, command: str, stage: Stage, second: IndexServer, environments: Environments
    ) -> None:
        """The project is not found, and the second index is not asked."""
        self.refuse(stage, "acme-extra", "1.0")
        victim = environments.equipped()
        self.route(victim, stage, second)
        result = victim.pip(*command.split(), *stage.both, "acme-extra")
        assert result.returncode != 0, str(result)
        assert "No matching distribution found for acme-extra" in result.words
        assert stage.private.asked_for("acme-extra")
        assert not second.asked_for("acme-extra")
        assert not stage.public.asked_for("acme-extra")

    @pytest.mark.parametrize("requirement", ["acme-core>=2", "acme-core==2.0"])
    def test_no_other_file_satisfies(
        self, requirement: str, stage: Stage, second: IndexServer, environments: Environments
    ) -> None:
        """Nor where the first index has a file that may be used, and that is too old."""
        self.refuse(stage, "acme-core", "2.0")
        victim = environments.equipped()
        self.route(victim, stage, second)
        result = victim.pip("install", *stage.both, requirement)
        stage.assert_stopped(victim, result, "host elsewhere.example is not among the external-hosts")
        assert not second.asked_for("acme-core")

    def test_another_file_satisfies(
        self, stage: Stage, second: IndexServer, environments: Environments
    ) -> None:
        """It is taken."""
        self.refuse(stage, "acme-core", "2.0")
        victim = environments.equipped()
        self.route(victim, stage, second)
        stage.assert_routed(victim, victim.pip("install", *stage.both, "acme-core"))
        assert not second.asked_for("acme-core")


def with_a_download(exchange: Exchange) -> bool:
    """A log-in form that offers a program."""
    exchange.reply(200, '<h1>Please sign in</h1><a href="/get/vpn-client-2.0.zip">our client</a>')
    return True


def with_a_word(exchange: Exchange) -> bool:
    """A log-in form that speaks of what it keeps back."""
    exchange.reply(200, "<title>Sign in</title><p>to see links for acme-core (pypi:repository-version)</p>")
    return True


def answer(data: object) -> Behaviour:
    """Answer with JSON of an index's type."""

    def act(exchange: Exchange) -> bool:
        exchange.reply(200, json.dumps(data), JSON_TYPE)
        return True

    return act


LOOKALIKES: dict[str, Behaviour] = {
    "log-in form with a download": with_a_download,
    "log-in form with the words": with_a_word,
    "JSON with files": answer({"detail": "sign in to see", "files": []}),
    "JSON of another version": answer({"meta": {"api-version": "2.0"}, "files": []}),
    "JSON without files": answer({"meta": {"api-version": "1.0"}, "projects": []}),
    "JSON list": answer(["files"]),
}


@pytest.mark.parametrize("lookalike", LOOKALIKES)
class TestLookalikesOfPages:
    """The index answers "200 OK" with something that has a trait or two of an index page."""

    def test_plain_pip_falls_through(self, lookalike: str, stage: Stage, environments: Environments) -> None:
        """The attack is one: it is enough to be logged out."""
        stage.private.on("acme-core", LOOKALIKES[lookalike])
        victim = environments.plain()
        result = victim.pip("install", *stage.both, "acme-core")
        if lookalike.startswith("JSON") and result.returncode != 0:
            pytest.skip("this pip stops by itself")
        stage.assert_impostor_won(victim, result)

    def test_routed_pip_stops(self, lookalike: str, stage: Stage, environments: Environments) -> None:
        """pip says that this is no index page, and asks nobody else."""
        stage.private.on("acme-core", LOOKALIKES[lookalike])
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", *stage.both, "acme-core")
        stage.assert_stopped(victim, result, "index acme", stage.private.netloc)
        assert "page" in result.words


Reference = Callable[["Stage", "Environment", str], "list[str]"]


def named(stage: Stage, victim: Environment, url: str) -> list[str]:
    return [f"acme-core @ {url}"]


def in_constraints(stage: Stage, victim: Environment, url: str) -> list[str]:
    path = victim.project / "constraints.txt"
    path.write_text(f"acme-core @ {url}\n", encoding="utf-8")
    return ["-c", str(path), "acme-core"]


def in_a_dependency(stage: Stage, victim: Environment, url: str) -> list[str]:
    stage.public.add(wheel("sneaky", "1.0", origin="public", requires=[f"acme-core @ {url}"]))
    return ["sneaky"]


def with_a_weak_hash(stage: Stage, victim: Environment, url: str) -> list[str]:
    return [f"acme-core @ {url}#md5=" + sdist("acme-core", "99.0", origin="public").digest("md5")]


def in_a_lock_file(stage: Stage, victim: Environment, url: str) -> list[str]:
    path = victim.project / "pylock.toml"
    digest = sdist("acme-core", "99.0", origin="public").digest("md5")
    path.write_text(
        'lock-version = "1.0"\ncreated-by = "an attacker"\n'
        '[[packages]]\nname = "acme-core"\nversion = "99.0"\n'
        f'sdist = {{ name = "acme_core-99.0.tar.gz", url = "{url}", hashes = {{ md5 = "{digest}" }} }}\n',
        encoding="utf-8",
    )
    return ["-r", str(path)]


REFERENCES: tuple[Reference, ...] = (named, in_constraints, in_a_dependency, with_a_weak_hash, in_a_lock_file)


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference.__name__)
class TestBuiltEarlier:
    """pip keeps the wheels that it builds: what is local now was once somebody's URL."""

    def install(
        self, stage: Stage, victim: Environment, reference: Reference, cache: Path, *options: str
    ) -> Result:
        url = stage.public.host(sdist("acme-core", "99.0", origin="public"))
        args = ["--index-url", stage.public.url, *reference(stage, victim, url)]
        env = {"PIP_NO_CACHE_DIR": None, "PIP_CACHE_DIR": str(cache)}
        return victim.pip("install", *options, *args, env=env)

    @pytest.fixture
    def cache(self, reference: Reference, stage: Stage, environments: Environments, tmp_path: Path) -> Path:
        """A cache in which plain pip has left the impostor."""
        if reference is in_a_lock_file and environments.pip_version < (26, 1):
            pytest.skip("this pip reads no lock files")
        cache = tmp_path / "cache"
        plain = environments.plain()
        stage.assert_impostor_won(plain, self.install(stage, plain, reference, cache))
        assert list(cache.rglob("acme_core-99.0-*.whl"))
        return cache

    def test_plain_pip_takes_it_from_its_cache(
        self, reference: Reference, cache: Path, stage: Stage, environments: Environments
    ) -> None:
        """What the next environment gets is what was built then, even if the URL is gone by now."""
        if reference is not in_a_lock_file:  # from a lock file pip builds it again
            stage.public.on("/files/acme_core-99.0.tar.gz", status(404))
        victim = environments.plain()
        stage.assert_impostor_won(victim, self.install(stage, victim, reference, cache))

    @pytest.mark.parametrize("legacy", [False, True], ids=["", "legacy-resolver"])
    def test_refused(
        self, legacy: bool, reference: Reference, cache: Path, stage: Stage, environments: Environments
    ) -> None:
        """It is judged by the URL that it was built from."""
        victim = environments.equipped()
        options = ["--use-deprecated", "legacy-resolver"] if legacy else []
        if legacy and not victim.offers("legacy-resolver"):
            pytest.skip("this pip has no legacy resolver")
        if legacy and reference in (in_constraints, in_a_lock_file):
            pytest.skip("the legacy resolver knows nothing of the kind")
        stage.public.forget()
        stage.route(victim)
        result = self.install(stage, victim, reference, cache, *options)
        stage.assert_stopped(victim, result, "acme-core may not come from", stage.public.netloc)


class TestBuiltFromTheRightPlace:
    """The cache of built wheels is of use with a table, too."""

    def test_used(self, stage: Stage, environments: Environments) -> None:
        """What was built from a file of the project's own index."""
        stage.private.add(sdist("acme-source", "1.0", origin="private"))
        first, second = environments.equipped(), environments.equipped()
        env = {"PIP_NO_CACHE_DIR": None, "PIP_CACHE_DIR": str(first.place / "cache")}
        for victim in (first, second):
            stage.route(victim)
            result = victim.pip("install", *stage.both, "acme-source", env=env, check=True)
            assert victim.origin("acme_source") == "private"
        assert "Building wheel" not in result.output


TOKEN = "t0p-s3cr3t/T0k3n+x="
FILE = "../../files/acme_core-1.0-py3-none-any.whl"  # below the token, from the page of the project


class TestTokensInThePath:
    """Some indexes want a token in the path of their URL."""

    def install(self, victim: Environment, stage: Stage, *options: str, retries: int = 0) -> Result:
        url = f"http://us3r:p4ss@{stage.private.netloc}/${{RIM_ROUTER_TOKEN}}/simple"
        victim.route({"acme": url}, {"acme-*": "acme"})
        return victim.pip(
            "install",
            *options,
            "--index-url",
            stage.public.url,
            "acme-core",
            env={"RIM_ROUTER_TOKEN": TOKEN, "PIP_RETRIES": str(retries)},
        )

    def publish(self, stage: Stage, url: str, behaviour: Behaviour | None = None) -> None:
        """Let the index have the project's page, with a file at a URL.

        :param behaviour: of the server, if that URL is below the token.
        """
        files = [{"filename": stage.real.filename, "url": url, "hashes": {}}]
        page = answer({"meta": {"api-version": "1.0"}, "files": files})
        stage.private.on(f"/{TOKEN}/simple/acme-core/", page)
        if behaviour is not None:
            stage.private.on("*", below(TOKEN, behaviour))

    def assert_secret(self, result: Result) -> None:
        for secret in ("t0p-s3cr3t", "T0k3n", "p4ss"):
            assert secret not in result.output, str(result)

    @pytest.mark.parametrize("options", [[], ["-v"]], ids=["normal", "verbose"])
    def test_not_shown_when_all_is_well(
        self, options: list[str], stage: Stage, environments: Environments
    ) -> None:
        """The index is announced by its name."""
        self.publish(stage, stage.private.host(stage.real))
        victim = environments.equipped()
        result = self.install(victim, stage, *options)
        assert result.returncode == 0, str(result)
        assert victim.origin("acme_core") == "private"
        assert "Routing acme-core to acme" in result.output
        self.assert_secret(result)

    @pytest.mark.parametrize("failure", [403, 404, 500, "down"])
    def test_not_shown_when_the_index_fails(
        self, failure: int | str, stage: Stage, environments: Environments
    ) -> None:
        """The index is named, the token is not."""
        if isinstance(failure, int):
            stage.private.on("*", status(failure))
        else:
            stage.private.close()
        victim = environments.equipped()
        result = self.install(victim, stage, "-v")
        stage.assert_stopped(victim, result, f"acme (http://****@{stage.private.netloc}/****/simple)")
        self.assert_secret(result)

    def test_not_shown_when_the_page_is_none(self, stage: Stage, environments: Environments) -> None:
        """Nor where the answer is not understood, or leads elsewhere."""
        for behaviour in (with_a_download, redirect(f"{stage.public.base}/{TOKEN}/x?y={TOKEN}")):
            stage.private.on("*", behaviour)
            victim = environments.equipped()
            result = self.install(victim, stage)
            stage.assert_stopped(victim, result, f"acme (http://****@{stage.private.netloc}/****/simple)")
            self.assert_secret(result)

    @pytest.mark.parametrize("failure", [503, "down"])
    @pytest.mark.parametrize("option", ["-vvv", "--log", "--debug"])
    def test_not_shown_where_pip_tells_everything(
        self, option: str, failure: int | str, stage: Stage, environments: Environments
    ) -> None:
        """Neither in the traces of exceptions nor in a log file, nor with the variables of its functions."""
        if isinstance(failure, int):
            stage.private.on("*", status(failure))
        else:
            stage.private.close()
        victim = environments.equipped()
        log = victim.place / "pip.log"
        result = self.install(victim, stage, *([option, str(log)] if option == "--log" else [option]))
        assert result.returncode != 0
        assert "acme" in result.output
        written = log.read_text(encoding="utf-8") if option == "--log" else ""
        self.assert_secret(replace(result, stdout=result.stdout + written))

    @pytest.mark.parametrize(
        "occasion", ["another try", "wrong credentials", "a download", "a failed download", "all of its log"]
    )
    def test_not_shown_by_pip_itself(self, occasion: str, stage: Stage, environments: Environments) -> None:
        """It has messages of its own, with URLs in them."""
        victim = environments.equipped()
        if occasion == "another try":
            stage.private.close()
            result = self.install(victim, stage, retries=1)
        elif occasion == "wrong credentials":
            stage.private.on("*", status(401))
            result = self.install(victim, stage)
        else:
            failed = occasion == "a failed download"
            self.publish(stage, FILE, status(403) if failed else serve(stage.real))
            result = self.install(victim, stage, *(["-vv"] if occasion == "all of its log" else []))
            assert (result.returncode != 0) is failed, str(result)
        self.assert_secret(result)


def pin(directory: Path, artifact: Artifact) -> None:
    """Pin a file by hand."""
    (directory / "pylock.external.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "somebody"\n'
        f'[[packages]]\nname = "{artifact.project}"\nversion = "{artifact.version}"\n'
        f'[[packages.wheels]]\nurl = "https://elsewhere.example/{artifact.filename}"\n'
        f'hashes = {{ sha256 = "{artifact.digest()}" }}\n',
        encoding="utf-8",
    )


class TestPinnedFileNames:
    """A pin says what a file must be. It does not say that it may be used."""

    def reference(self, form: str, stage: Stage, victim: Environment) -> str:
        url = stage.public.file_url(stage.impostor)
        local = str(stage.impostor.write_to(victim.place / "files"))
        return {"named": f"acme-core @ {url}", "bare": url, "local": local}[form]

    @pytest.mark.parametrize("form", ["named", "bare", "local"])
    @pytest.mark.parametrize("by", ["pin", "[[wheel]]"])
    def test_denied(self, by: str, form: str, stage: Stage, environments: Environments) -> None:
        """What is denied stays so, wherever it lies."""
        victim = environments.equipped()
        path = victim.route({}, {"acme-*": {"deny": "retired"}})
        if by == "pin":
            pin(victim.project, stage.impostor)
        else:
            with path.open("a", encoding="utf-8") as table:
                table.write(f'[[wheel]]\nurls = ["https://elsewhere.example/{stage.impostor.filename}"]\n')
                table.write(f'sha256 = "{stage.impostor.digest()}"\n')
        result = victim.pip("install", self.reference(form, stage, victim))
        stage.assert_stopped(victim, result, "retired")

    @pytest.mark.parametrize("form", ["named", "bare"])
    def test_no_references_at_all(self, form: str, stage: Stage, environments: Environments) -> None:
        """With ``direct-references = "deny"``."""
        victim = environments.equipped()
        stage.route(victim, **{"direct-references": "deny"})
        pin(victim.project, stage.impostor)
        result = victim.pip("install", self.reference(form, stage, victim))
        stage.assert_stopped(victim, result, 'policy.direct-references is "deny"')

    def test_redirected(self, stage: Stage, environments: Environments) -> None:
        """The rules for redirects hold for it as for any file with a strong hash."""
        victim = environments.equipped()
        stage.route(victim, redirects="listed")
        pin(victim.project, stage.impostor)
        with IndexServer("other") as other:
            other.on("*", redirect(stage.public.file_url(stage.impostor)))
            result = victim.pip("install", f"acme-core @ {other.file_url(stage.impostor)}")
        stage.assert_stopped(victim, result, "redirects", "is not https")


class TestTablesInWheels:
    """A wheel can put files at the root of the environment, where a table would be in force."""

    def publish(self, stage: Stage) -> None:
        table = f'[indexes]\nacme = "{stage.public.url}"\n[routes]\n"acme-*" = "acme"\n'
        files = {"gift-1.0.data/data/index-routing.toml": table.encode()}
        stage.public.add(wheel("gift", "1.0", origin="public", extra_files=files))

    def test_plain_pip_installs_one(self, stage: Stage, environments: Environments) -> None:
        """The attack is one, where the environment has no other table yet."""
        self.publish(stage)
        victim = environments.equipped()
        victim.pip("install", "--index-url", stage.public.url, "gift", check=True)
        assert (victim.prefix / "index-routing.toml").exists()
        stage.assert_impostor_won(victim, victim.pip("install", *stage.both, "acme-core"))

    def test_installed(self, stage: Stage, environments: Environments) -> None:
        """Nobody who can publish a wheel may say where others come from."""
        self.publish(stage)
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", "--index-url", stage.public.url, "gift")
        stage.assert_stopped(
            victim, result, "gift was not installed", "index-routing.toml", "a routing table"
        )
        assert not (victim.prefix / "index-routing.toml").exists()
        assert "gift" not in victim.installed()

    @pytest.mark.parametrize("feature", [None, "venv-isolation", "inprocess-build-deps"])
    def test_in_a_build_environment(
        self, feature: str | None, stage: Stage, environments: Environments
    ) -> None:
        """Where it would be in force for the build dependencies that come after it."""
        self.publish(stage)
        late = ["acme-build"]
        source = sdist("victim", "1.0", origin="public", build_requires=["gift"], dynamic_build_requires=late)
        stage.public.add(source)
        victim = environments.equipped()
        if feature is not None and not victim.offers(feature):
            pytest.skip(f"this pip has no {feature}")
        stage.route(victim)
        options = [] if feature is None else ["--use-feature", feature]
        result = victim.pip("install", *options, *stage.both, "victim")
        assert result.returncode != 0, str(result)
        assert "gift was not installed: its wheel would change" in result.words
        assert not stage.public.asked_for("acme-build")


class TestOffSwitchWithAnotherInterpreter:
    """``RIM_ROUTER_DISABLE=1`` and ``pip --python``."""

    @pytest.mark.parametrize("equipped", [False, True])
    def test_one_warning(self, equipped: bool, stage: Stage, environments: Environments) -> None:
        """The pip that is started says what is turned off, and the one that starts it says nothing."""
        driver = environments.equipped()
        if not driver.offers("--python"):
            pytest.skip("this pip has no --python")
        target = environments.equipped() if equipped else environments.plain()
        stage.route(driver)
        result = driver.pip(
            "--python", target.python, "install", *stage.both, "acme-core", env={"RIM_ROUTER_DISABLE": "1"}
        )
        stage.assert_impostor_won(target, result)
        lines = [line for line in result.output.splitlines() if "RIM_ROUTER_DISABLE" in line]
        assert len(lines) == 1, str(result)
        assert lines[0].startswith("WARNING: RIM_ROUTER_DISABLE=1 turns routing off")
        assert str(driver.project / "index-routing.toml") in lines[0]

    def test_no_warning_without_a_table(self, stage: Stage, environments: Environments) -> None:
        """Nothing was turned off."""
        driver, target = environments.equipped(), environments.plain()
        if not driver.offers("--python"):
            pytest.skip("this pip has no --python")
        result = driver.pip(
            "--python", target.python, "install", *stage.both, "acme-core", env={"RIM_ROUTER_DISABLE": "1"}
        )
        stage.assert_impostor_won(target, result)
        assert "RIM_ROUTER_DISABLE" not in result.output


class TestListingWhatIsDenied:
    """``pip list --outdated`` looks up what is installed, whether it may be installed today or not."""

    def test_in_the_list_of_what_is_up_to_date(self, stage: Stage, environments: Environments) -> None:
        """``pip list --uptodate`` does the same look-ups."""
        victim = environments.equipped()
        for artifact in (stage.real, wheel("acme-old", "1.0", origin="x")):
            victim.pip("install", "--no-index", "--no-deps", artifact.write_to(victim.place), check=True)
        victim.route({"acme": stage.private.url}, {"acme-*": "acme", "acme-old": {"deny": "retired"}})
        result = victim.pip("list", "--uptodate", *stage.both, check=True)
        assert "The routing table denies acme-old: retired" in result.stderr
        assert ["acme-core", "1.0"] in [line.split()[:2] for line in result.stdout.splitlines()]

    @pytest.mark.parametrize("form", ["columns", "json"])
    def test_warned_about_and_passed_over(self, form: str, stage: Stage, environments: Environments) -> None:
        """The reason is given, nobody is asked, and the others are listed."""
        victim = environments.equipped()
        for artifact in (
            stage.real,
            wheel("leaf", "0.1", origin="private"),
            wheel("acme-old", "1.0", origin="x"),
        ):
            victim.pip("install", "--no-index", "--no-deps", artifact.write_to(victim.place), check=True)
        stage.private.add(wheel("acme-core", "1.5", origin="private"))
        victim.route(
            {"acme": stage.private.url},
            {"acme-*": "acme", "acme-old": {"deny": "retired: use acme-core"}},
        )
        result = victim.pip("list", "--outdated", "--format", form, *stage.both, check=True)
        warnings = [line for line in result.output.splitlines() if "acme-old" in line]
        assert len(warnings) == 1, str(result)
        assert warnings[0].startswith("WARNING: The routing table denies acme-old: retired: use acme-core")
        assert "index-routing.toml" in warnings[0]
        assert not stage.private.asked_for("acme-old")
        assert not stage.public.asked_for("acme-old")
        if form == "json":
            listed = {each["name"]: each["latest_version"] for each in json.loads(result.stdout)}
            assert (listed["acme-core"], listed["leaf"]) == ("1.5", "1.0")
        else:
            words = [line.split()[:3] for line in result.stdout.splitlines()]
            assert ["acme-core", "1.0", "1.5"] in words
            assert ["leaf", "0.1", "1.0"] in words

    @pytest.mark.parametrize("command", ["install", "index versions"])
    def test_stops_who_asks_for_it(self, command: str, stage: Stage, environments: Environments) -> None:
        """There it stays an error, and is not merely not found."""
        victim = environments.equipped()
        victim.route({}, {"acme-*": {"deny": "retired"}})
        result = victim.pip(*command.split(), *stage.both, "acme-core")
        stage.assert_stopped(victim, result, "The routing table denies acme-core: retired")
        assert "No matching distribution" not in result.output
