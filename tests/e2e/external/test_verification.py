"""Every way in which pip comes by a file: what is known of it is verified on each of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Callable

import pytest

from tests.support.external import Pin, assert_said, digests, flipped, trap, twins
from tests.support.servers import IndexServer
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.external.conftest import World
    from tests.support.environments import Environment

REAL, EVIL = twins("big-model", "1.2")
AT_CDN = f"/w/{REAL.filename}"

Way = Callable[["World", "Environment", str], "list[str | Path]"]


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def by_name(world: World, victim: Environment, url: str) -> list[str | Path]:
    return ["big-model"]


def by_dependency(world: World, victim: Environment, url: str) -> list[str | Path]:
    world.index.place(wheel("tool", "1.0", origin="owner", requires=["big-model"]))
    return ["tool"]


def by_reference(world: World, victim: Environment, url: str) -> list[str | Path]:
    return [f"big-model @ {url}"]


def by_url(world: World, victim: Environment, url: str) -> list[str | Path]:
    return [url]


def by_requirements(world: World, victim: Environment, url: str) -> list[str | Path]:
    return ["-r", _write(victim.project / "requirements.txt", f"big-model @ {url}\n")]


def by_constraint(world: World, victim: Environment, url: str) -> list[str | Path]:
    return ["-c", _write(victim.project / "constraints.txt", f"big-model @ {url}\n"), "big-model"]


def by_metadata(world: World, victim: Environment, url: str) -> list[str | Path]:
    world.index.place(wheel("tool", "1.0", origin="owner", requires=[f"big-model @ {url}"]))
    return ["tool"]


def by_exact_version(world: World, victim: Environment, url: str) -> list[str | Path]:
    return ["--no-deps", "--only-binary", ":all:", "big-model==1.2"]


def by_lock_file(world: World, victim: Environment, url: str) -> list[str | Path]:
    if world.environments.pip_version < (26, 1):
        pytest.skip("this pip reads no lock files")
    return ["-r", lock_file(victim, url, EVIL.digest())]


def lock_file(victim: Environment, url: str, digest: str) -> Path:
    text = (
        'lock-version = "1.0"\ncreated-by = "somebody"\n[[packages]]\nname = "big-model"\nversion = "1.2"\n'
        f'[[packages.wheels]]\nname = "{REAL.filename}"\nurl = "{url}"\nhashes = {{ sha256 = "{digest}" }}\n'
    )
    return _write(victim.project / "pylock.toml", text)


WAYS: tuple[Way, ...] = (
    by_name,
    by_dependency,
    by_reference,
    by_url,
    by_requirements,
    by_constraint,
    by_metadata,
    by_exact_version,
    by_lock_file,
)
ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@ways
class TestEveryWay:
    """A pinned file has other bytes at its host, and no page gives a hash."""

    def test_plain_pip_installs_it(self, way: Way, world: World) -> None:
        """The attack is one, on each of them."""
        url = world.show_at(world.cdn, REAL, served=EVIL)
        victim = world.plain()
        args = way(world, victim, url)
        world.assert_installed(victim, world.install(victim, *args), "big-model", "attacker")

    def test_stopped(self, way: Way, world: World) -> None:
        """pip stops, and shows the digest that was recorded and the one that was found."""
        url = world.show_at(world.cdn, REAL, served=EVIL)
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, url))
        result = world.install(victim, *way(world, victim, url))
        world.assert_stopped(victim, result, REAL.filename, REAL.digest(), EVIL.digest())
        assert victim.origin("tool") is None

    def test_the_right_bytes(self, way: Way, world: World) -> None:
        """They are installed."""
        url = world.show_at(world.cdn, REAL)
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, url))
        args = way(world, victim, url)
        if way is by_lock_file:
            args = ["-r", lock_file(victim, url, REAL.digest())]
        world.assert_installed(victim, world.install(victim, *args), "big-model")


class TestDirectUrl:
    """What a direct reference leaves behind (PEP 610)."""

    @pytest.mark.parametrize("fragment", [False, True], ids=["pin", "fragment"])
    def test_is_the_real_one(self, fragment: bool, world: World) -> None:
        """URL and hash are those of the file."""
        url = world.show_at(world.cdn, REAL)
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, url))
        reference = f"{url}#sha256={REAL.digest()}" if fragment else url
        world.assert_installed(victim, world.install(victim, f"big-model @ {reference}"), "big-model")
        (path,) = victim.site_packages.glob("big_model-*.dist-info/direct_url.json")
        told = json.loads(path.read_text(encoding="utf-8"))
        assert told["url"] == url
        if fragment or world.environments.pip_version >= (23, 1):
            assert told["archive_info"]["hash"] == f"sha256={REAL.digest()}"


class TestHashesOfTheUser:
    """The user, or a lock, knows a digest as well."""

    def test_a_digest_that_contradicts_the_pin(self, world: World) -> None:
        """``--hash`` of the attacker's file: every strong digest has to match, so no file can."""
        url = world.show_at(world.cdn, REAL, served=EVIL)
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, url))
        line = f"big-model==1.2 --hash=sha256:{EVIL.digest()}\n"
        requirements = _write(victim.project / "requirements.txt", line)
        world.assert_stopped(victim, world.install(victim, "-r", requirements), REAL.digest(), EVIL.digest())

    def test_a_fragment_that_contradicts_the_pin(self, world: World) -> None:
        """The digest of a direct reference is the word of whoever wrote the requirement."""
        url = world.show_at(world.cdn, REAL, served=EVIL)
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, url))
        result = world.install(victim, f"big-model @ {url}#sha256={EVIL.digest()}")
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())

    @pytest.mark.parametrize("require", [False, True], ids=["hash", "require hashes"])
    def test_a_digest_that_agrees(self, require: bool, world: World) -> None:
        """Hash checking and pins go together."""
        url = world.show_at(world.cdn, REAL)
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, url))
        line = f"big-model==1.2 --hash=sha256:{REAL.digest()} --hash=sha256:{'ab' * 32}\n"
        requirements = _write(victim.project / "requirements.txt", line)
        options = ["--require-hashes"] if require else []
        world.assert_installed(victim, world.install(victim, *options, "-r", requirements), "big-model")


class TestDownloadDirectory:
    """``pip download -d`` into a directory that already has a file of that name."""

    def prepare(self, world: World, victim: Environment) -> Path:
        directory = victim.project / "files"
        EVIL.write_to(directory)
        return directory / EVIL.filename

    def test_plain_pip_takes_it_as_it_is(self, world: World) -> None:
        """The attack is one: what lies there passes for what was asked for."""
        world.show_at(world.cdn, REAL)
        victim = world.plain()
        path = self.prepare(world, victim)
        assert world.pip(victim, "download", "-d", path.parent, "big-model").returncode == 0
        assert path.read_bytes() == EVIL.data

    def test_replaced_or_refused(self, world: World) -> None:
        """What pip leaves there when it ends well is what was recorded."""
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, world.show_at(world.cdn, REAL)))
        path = self.prepare(world, victim)
        result = world.pip(victim, "download", "-d", path.parent, "big-model")
        if result.returncode == 0:
            assert path.read_bytes() == REAL.data, str(result)
        else:
            assert_said(result, REAL.digest(), EVIL.digest())

    def test_the_right_file_is_kept(self, world: World) -> None:
        """It is not downloaded again."""
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(REAL, world.show_at(world.cdn, REAL)))
        path = REAL.write_to(victim.project / "files")
        result = world.pip(victim, "download", "-d", path.parent, "big-model")
        assert result.returncode == 0, str(result)
        assert path.read_bytes() == REAL.data
        assert not world.cdn.asked_for(REAL.filename)

    def test_a_source_distribution(self, world: World) -> None:
        """One that lies there and is another is not run."""
        victim = world.routed(world.cdn)
        real, evil = sdist("big-model", "1.2", origin="owner"), trap("big-model", "1.2", victim.place / "run")
        world.pin(victim, Pin.of(real, world.show_at(world.cdn, real)))
        path = evil.write_to(victim.project / "files")
        result = world.pip(victim, "download", "-d", path.parent, "big-model")
        assert not (victim.place / "run").exists(), str(result)
        if result.returncode == 0:
            assert path.read_bytes() == real.data, str(result)


WATCHER = """
import sys

def watch(event, args):
    if event == "open" and str(args[0]).endswith(".whl"):
        frame, names = sys._getframe(1), []
        while frame is not None:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        if "check_against_path" in names:
            sys.stderr.write(f"READ-TO-HASH {args[0]}\\n")

sys.addaudithook(watch)
"""


class TestHowOften:
    """A file that was hashed as it came is not read once more for that; one that was there before is."""

    def reads(self, world: World, victim: Environment) -> int:
        _write(victim.place / "sitecustomize.py", WATCHER)
        env = {"PYTHONPATH": str(victim.place)}
        result = world.pip(
            victim, "download", "-d", victim.project / "files", "big-model", env=env, check=True
        )
        return result.stderr.count("READ-TO-HASH")

    def test_plain_pip_reads_it_again(self, world: World) -> None:
        """The page gives a digest, and so pip reads what it has written."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        assert self.reads(world, world.plain()) == 1

    def test_no_more_than_once(self, world: World) -> None:
        """What has come is what was hashed, and lies where only pip has written."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        assert self.reads(world, world.routed(world.cdn)) == 0

    def test_what_lay_there(self, world: World) -> None:
        """Nobody knows who has written it."""
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        victim = world.routed(world.cdn)
        REAL.write_to(victim.project / "files")
        assert self.reads(world, victim) >= 1
        assert not world.cdn.asked_for(REAL.filename)


class TestCaches:
    """What pip keeps from earlier runs."""

    def cached(self, victim: Environment, place: Path) -> Environment:
        victim.extra_environ["PIP_NO_CACHE_DIR"] = None
        victim.extra_environ["PIP_CACHE_DIR"] = str(place / "pip-cache")
        return victim

    def test_http_cache(self, world: World, tmp_path: Path) -> None:
        """The attacker's file was downloaded once: it is not installed when its digest is known."""
        world.cdn.header("Cache-Control", "max-age=86400")
        url = world.show_at(world.cdn, REAL, served=EVIL)
        plain = self.cached(world.plain(), tmp_path)
        world.assert_installed(plain, world.install(plain, "big-model"), "big-model", "attacker")
        world.cdn.put(AT_CDN, REAL.data)
        world.nginx.forget()
        again = self.cached(world.plain(), tmp_path)
        world.assert_installed(again, world.install(again, "big-model"), "big-model", "attacker")
        assert not world.cdn.requests, "the attack is one: it stays after its host was cleaned"
        victim = self.cached(world.routed(world.cdn), tmp_path)
        world.pin(victim, Pin.of(REAL, url))
        result = world.install(victim, "big-model")
        if result.returncode == 0:
            assert victim.origin("big_model") == "owner", str(result)
        else:
            world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())

    def test_the_right_file_in_the_http_cache(self, world: World, tmp_path: Path) -> None:
        """It is used, and verified like any other."""
        world.cdn.header("Cache-Control", "max-age=86400")
        url = world.show_at(world.cdn, REAL)
        for times in (1, 2):
            victim = self.cached(world.routed(world.cdn), tmp_path)
            world.pin(victim, Pin.of(REAL, url))
            world.nginx.forget()
            world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
            assert bool(world.cdn.requests) == (times == 1)

    @pytest.mark.parametrize("way", ["by name", "by reference"])
    def test_wheel_cache(self, way: str, world: World, tmp_path: Path) -> None:
        """A wheel that was built from the attacker's source is not what the recorded source would give."""
        real, evil = sdist("big-model", "1.2", origin="owner"), sdist("big-model", "1.2", origin="attacker")
        url = world.show_at(world.cdn, real, served=evil)
        args = ["big-model"] if way == "by name" else [f"big-model @ {url}"]
        plain = self.cached(world.plain(), tmp_path)
        world.assert_installed(plain, world.install(plain, *args), "big-model", "attacker")
        world.cdn.put(f"/w/{real.filename}", real.data)
        again = self.cached(world.plain(), tmp_path)
        result = world.install(again, *args)
        world.assert_installed(again, result, "big-model", "attacker")
        victim = self.cached(world.routed(world.cdn), tmp_path)
        world.pin(victim, Pin.of(real, url))
        result = world.install(victim, *args)
        if result.returncode == 0:
            assert victim.origin("big_model") == "owner", str(result)
        else:
            assert victim.origin("big_model") is None, str(result)
            assert "Traceback" not in result.output

    @pytest.mark.parametrize("known", ["page", "pin"])
    @pytest.mark.parametrize("way", ["by name", "by reference"])
    def test_wheel_cache_of_the_legacy_resolver(
        self, way: str, known: str, world: World, tmp_path: Path
    ) -> None:
        """It looks into the same cache by a way of its own."""
        real, evil = sdist("big-model", "1.2", origin="owner"), sdist("big-model", "1.2", origin="attacker")
        url = world.show_at(world.cdn, real, served=evil)
        args = ["big-model"] if way == "by name" else [f"big-model @ {url}"]
        plain = self.cached(world.plain(), tmp_path)
        world.assert_installed(plain, world.install(plain, *args), "big-model", "attacker")
        world.cdn.put(f"/w/{real.filename}", real.data)
        victim = self.cached(world.routed(world.cdn), tmp_path)
        if known == "pin":
            world.pin(victim, Pin.of(real, url))
        else:
            world.index.clear("big-model")
            world.index.show(real, url, hashes=["sha256"])
        result = world.install(victim, "--use-deprecated=legacy-resolver", *args)
        if result.returncode == 0:
            assert victim.origin("big_model") == "owner", str(result)
        else:
            assert victim.origin("big_model") is None, str(result)
            assert "Traceback" not in result.output

    def test_a_built_wheel_of_a_pinned_name(self, world: World, tmp_path: Path) -> None:
        """What pip built from the index's source is not the wheel that the pin is about."""
        world.index.place(sdist("big-model", "1.2", origin="owner"), hashes=["sha256"])
        victim = self.cached(world.routed(world.cdn), tmp_path)
        world.pin(victim, Pin.of(REAL, world.cdn.url(AT_CDN)))
        for _ in range(2):
            result = world.install(victim, "--force-reinstall", "big-model")
            world.assert_installed(victim, result, "big-model")

    def test_the_wheel_cache_of_own_files(self, world: World, tmp_path: Path) -> None:
        """What nothing is known of is cached as ever."""
        world.index.place(sdist("leaf", "1.0", origin="owner"))
        for _ in range(2):
            victim = self.cached(world.routed(world.cdn), tmp_path)
            result = world.install(victim, "leaf")
            world.assert_installed(victim, result, "leaf")
        assert_said(result, "Using cached")


class TestLockFiles:
    """``pip install -r pylock.toml``: what is in it never goes through an index page."""

    def test_a_host_that_is_not_listed(self, world: World) -> None:
        """A lock with a strong hash is somebody's word for the bytes (rule 4.5)."""
        victim = world.routed(world.cdn)
        if world.environments.pip_version < (26, 1):
            pytest.skip("this pip reads no lock files")
        url = world.mirror.put(AT_CDN, REAL.data)
        world.assert_installed(
            victim, world.install(victim, "-r", lock_file(victim, url, REAL.digest())), "big-model"
        )

    def test_contradicts_a_pin(self, world: World) -> None:
        """A lock that somebody changed is stopped by what was recorded; plain pip installs it."""
        plain, victim = world.plain(), world.routed(world.cdn)
        if world.environments.pip_version < (26, 1):
            pytest.skip("this pip reads no lock files")
        url = world.cdn.put(AT_CDN, EVIL.data)
        world.nginx.serve()
        result = plain.pip("install", "-r", lock_file(plain, url, EVIL.digest()))
        world.assert_installed(plain, result, "big-model", "attacker")
        world.pin(victim, Pin.of(REAL, url))
        result = world.install(victim, "-r", lock_file(victim, url, EVIL.digest()))
        world.assert_stopped(victim, result, REAL.digest(), EVIL.digest())

    def test_the_pins_are_one(self, world: World) -> None:
        """The file of pins is a lock file that pip itself installs from."""
        victim = world.routed(world.cdn)
        if world.environments.pip_version < (26, 1):
            pytest.skip("this pip reads no lock files")
        pins = world.pin(victim, Pin.of(REAL, world.cdn.put(AT_CDN, REAL.data)))
        world.assert_installed(victim, world.install(victim, "-r", pins), "big-model")


class TestUnpacking:
    """Nothing of a file is looked at before its digest is known to be right."""

    @pytest.mark.parametrize("way", [by_name, by_reference, by_requirements], ids=lambda way: way.__name__)
    def test_a_source_distribution_is_not_run(self, way: Way, world: World) -> None:
        """By whichever way it comes."""
        victim = world.routed(world.cdn)
        real, evil = sdist("big-model", "1.2", origin="owner"), trap("big-model", "1.2", victim.place / "run")
        url = world.show_at(world.cdn, real, served=evil)
        world.pin(victim, Pin.of(real, url))
        result = world.install(victim, *way(world, victim, url))
        world.assert_stopped(victim, result, real.digest(), evil.digest())
        assert not (victim.place / "run").exists()

    def test_a_wheel_that_is_none(self, world: World) -> None:
        """The digest is what is complained of, and not the archive."""
        victim = world.routed(world.cdn)
        url = world.show_at(world.cdn, REAL)
        world.cdn.put(AT_CDN, b"<html>not a wheel</html>")
        world.pin(victim, Pin.of(REAL, url))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, REAL.filename, world.cdn.name)
        assert "zip" not in result.words.lower()

    def test_a_flipped_bit(self, world: World) -> None:
        """The smallest of differences is one."""
        victim = world.routed(world.cdn)
        world.show_at(world.cdn, REAL, hashes=["sha256"])
        world.cdn.put(AT_CDN, flipped(REAL.data))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, digests(flipped(REAL.data))["sha256"], REAL.digest())


class TestBuildDependencies:
    """What an isolated build needs is installed by another pip."""

    def test_verified_as_well(self, world: World) -> None:
        """A pinned build dependency with other bytes stops the build."""
        real, evil = twins("acme-build", "1.0")
        url = world.show_at(world.cdn, real, served=evil)
        world.index.place(sdist("built", "1.0", origin="owner", build_requires=["acme-build"]))
        plain, victim = world.plain(), world.routed(world.cdn)
        assert world.install(plain, "built").returncode == 0
        assert plain.constant("built", "BUILT_WITH") == {"acme_build": "attacker"}
        world.pin(victim, Pin.of(real, url))
        result = world.install(victim, "built")
        world.assert_stopped(victim, result, real.digest(), evil.digest(), name="built")
        world.cdn.put(f"/w/{real.filename}", real.data)
        world.assert_installed(victim, world.install(victim, "built"), "built")
        assert victim.constant("built", "BUILT_WITH") == {"acme_build": "owner"}


def test_names_that_are_left_to_pip(world: World) -> None:
    """Without a pin their files are pip's own business, wherever they lie."""
    with IndexServer("index") as other:
        victim = world.routed(world.cdn, routes={"acme-*": "house"})
        url = world.mirror.put(AT_CDN, EVIL.data)
        other.add(EVIL, hashes=(), at=url)
        result = world.install(victim, "--index-url", other.url, "big-model")
        world.assert_installed(victim, result, "big-model", "attacker")
