"""Putting this very plugin into other environments, which are real ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from typing import TYPE_CHECKING, Any

import pytest

import rim_router
from rim_router.cli import main
from rim_router.environments import equip as equipping
from rim_router.environments import target as targets
from rim_router.environments import transplant
from rim_router.environments.equip import State, check, equip, remove
from rim_router.environments.target import TargetError, examine, search_path
from rim_router.environments.transplant import TransplantError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="interpreters are links here")

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


class Made:
    """A virtual environment without pip.

    :param site_packages: where things are installed.
    """

    def __init__(self, prefix: Path) -> None:
        venv.create(prefix, with_pip=False, symlinks=True)
        self.prefix = prefix
        self.python = prefix / "bin" / "python"
        self.site_packages = next((prefix / "lib").glob("python3*")) / "site-packages"

    def snapshot(self) -> dict[str, bytes]:
        """All that is installed, but what Python has compiled."""
        return {
            path.relative_to(self.site_packages).as_posix(): path.read_bytes()
            for path in sorted(self.site_packages.rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        }

    def run(self, code: str) -> str:
        done = subprocess.run([self.python, "-I", "-c", code], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def waits(self) -> bool:
        return self.run("import sys; print('_rim_router' in sys.modules)") == "True"

    def add(self, name: str, version: str, *, requires: str = "", installer: str = "pip") -> None:
        """Something else that is installed."""
        metadata = self.site_packages / f"{name}-{version}.dist-info"
        metadata.mkdir()
        needs = f"Requires-Dist: {requires}\n" if requires else ""
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
        )
        (metadata / "INSTALLER").write_text(f"{installer}\n")
        (metadata / "RECORD").write_text("")

    def age(self, version: str, *, installer: str = "pip") -> None:
        """Let the plugin that is there be of another version, with a file and a script of its own."""
        old = self.site_packages / f"rim_router-{rim_router.__version__}.dist-info"
        new = old.with_name(f"rim_router-{version}.dist-info")
        old.rename(new)
        text = (
            (new / "METADATA")
            .read_text()
            .replace(f"\nVersion: {rim_router.__version__}\n", f"\nVersion: {version}\n")
        )
        (new / "METADATA").write_text(text)
        (new / "INSTALLER").write_text(f"{installer}\n")
        (self.site_packages / "rim_router" / "of_old.py").write_text("")
        script = self.prefix / "bin" / "rim-router"
        script.write_text("#!/bin/sh\n")
        record = (new / "RECORD").read_text().replace(old.name, new.name)
        lines = [line for line in record.splitlines() if "METADATA" not in line and "INSTALLER" not in line]
        lines += [f"{new.name}/METADATA,,", f"{new.name}/INSTALLER,,", "rim_router/of_old.py,,"]
        (new / "RECORD").write_text("\n".join([*lines, "../../../bin/rim-router,,"]) + "\n")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path / "made")


def report(capsys: pytest.CaptureFixture[str], *words: str | Path) -> tuple[int, dict[str, Any]]:
    code = main(["equip", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)


def states(found: Mapping[str, Any]) -> list[str]:
    return [each["state"] for each in found["environments"]]


class TestEquip:
    def test_there_and_back(self, made: Made) -> None:
        """It is active afterwards, a second time does nothing, and nothing is left when it is removed."""
        assert check(made.python).state is State.ABSENT
        before = made.snapshot()
        assert equip(made.python).state is State.ADDED
        assert made.waits()
        assert made.run("import rim_router, sys; print(rim_router.__version__)") == rim_router.__version__
        there = made.snapshot()
        assert equip(made.python).state is State.EQUIPPED
        assert check(made.python).state is State.EQUIPPED
        assert made.snapshot() == there
        assert remove(made.python).state is State.REMOVED
        assert made.snapshot() == before
        assert not [path for path in made.site_packages.iterdir() if path.name != "__pycache__"]
        assert remove(made.python).state is State.ABSENT

    def test_an_environment_that_sees_the_system(self, made: Made) -> None:
        """It has a copy of its own: that of the system can go."""
        configuration = made.prefix / "pyvenv.cfg"
        text = configuration.read_text().replace(
            "include-system-site-packages = false", "include-system-site-packages = true"
        )
        configuration.write_text(text)
        assert equip(made.python).state is State.ADDED
        assert (made.site_packages / "rim_router.pth").exists()

    def test_what_is_there_and_will_do_stays(self, made: Made) -> None:
        equip(made.python)
        for path in (*made.site_packages.glob("packaging-*"), *made.site_packages.glob("*rim_router*")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        made.add("packaging", "99.0")
        (made.site_packages / "packaging" / "theirs.py").write_text("")
        assert equip(made.python).state is State.ADDED
        assert [path.name for path in made.site_packages.glob("packaging-*")] == ["packaging-99.0.dist-info"]
        assert (made.site_packages / "packaging" / "theirs.py").exists()
        remove(made.python)
        assert (made.site_packages / "packaging" / "theirs.py").exists()

    def test_what_is_there_and_will_not_do(self, made: Made) -> None:
        """Somebody may need that version: it is named, and nothing is changed."""
        made.add("packaging", "20.0")
        before = made.snapshot()
        with pytest.raises(TransplantError, match=r"has packaging 20\.0, and rim-router needs packaging>="):
            equip(made.python)
        assert made.snapshot() == before

    def test_what_an_older_one_has_brought(self, made: Made) -> None:
        """It is not somebody else's choice, and is replaced."""
        equip(made.python)
        old = next(made.site_packages.glob("packaging-*"))
        (made.site_packages / "packaging" / "of_old.py").write_text("")
        (old / "METADATA").write_text("Metadata-Version: 2.1\nName: packaging\nVersion: 20.0\n")
        record = (old / "RECORD").read_text()
        (old / "RECORD").write_text(f"{record}packaging/of_old.py,,\n")
        assert equip(made.python).state is State.REPLACED
        assert examine(made.python).distributions["packaging"].version != "20.0"
        assert not (made.site_packages / "packaging" / "of_old.py").exists()
        assert check(made.python).state is State.EQUIPPED

    @pytest.mark.parametrize("installer", ["pip", "rim-router", "uv"])
    def test_an_older_one_is_replaced(self, made: Made, installer: str) -> None:
        """Whoever has installed it; its script stays, and is its successor's."""
        equip(made.python)
        made.age("0.0.1", installer=installer)
        assert check(made.python).state is State.OTHER
        outcome = equip(made.python)
        assert (outcome.state, outcome.before) == (State.REPLACED, "0.0.1")
        assert not (made.site_packages / "rim_router" / "of_old.py").exists()
        assert len([*made.site_packages.glob("rim_router-*")]) == 1
        record = made.site_packages / f"rim_router-{rim_router.__version__}.dist-info" / "RECORD"
        assert "../../../bin/rim-router,," in record.read_text()
        assert check(made.python).state is State.EQUIPPED
        assert made.waits()

    def test_a_newer_one_stays(self, made: Made) -> None:
        equip(made.python)
        made.age("99.0")
        before = made.snapshot()
        with pytest.raises(TransplantError, match=r"has rim-router 99\.0, which is newer"):
            equip(made.python)
        assert made.snapshot() == before

    @pytest.mark.parametrize("how", ["missing", "changed", "start-up file"])
    def test_a_damaged_one_is_repaired(self, made: Made, how: str) -> None:
        equip(made.python)
        if how == "missing":
            (made.site_packages / "_rim_router" / "gate.py").unlink()
        elif how == "changed":
            with (made.site_packages / "rim_router" / "rules" / "table.py").open("a") as file:
                file.write("# changed\n")
        else:
            (made.site_packages / "rim_router.pth").unlink()
        assert check(made.python).state is State.DAMAGED
        assert equip(made.python).state is State.REPLACED
        assert check(made.python).state is State.EQUIPPED


class TestAllOrNothing:
    @pytest.mark.parametrize("there", [False, True], ids=["new", "in place of an older one"])
    def test_it_would_not_start(self, made: Made, there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        """The last step is to see whether it is active; if it is not, all is as it was."""
        if there:
            equip(made.python)
            made.age("0.0.1")
        before = made.snapshot()

        def fail(*_: object) -> None:
            raise TargetError("asleep")

        monkeypatch.setattr(equipping, "prove", fail)
        with pytest.raises(TargetError, match="asleep"):
            equip(made.python)
        assert made.snapshot() == before
        assert not [path for path in made.site_packages.rglob("*") if path.name.endswith("-new")]

    def test_a_place_that_is_taken(self, made: Made) -> None:
        (made.site_packages / "rim_router").mkdir()
        (made.site_packages / "rim_router" / "__init__.py").write_text("mine = 1\n")
        before = made.snapshot()
        with pytest.raises(TransplantError, match=r"__init__\.py already exists"):
            equip(made.python)
        assert made.snapshot() == before

    def test_a_link_into_a_cache_is_not_written_through(self, made: Made, tmp_path: Path) -> None:
        """As uv links the files of many environments to its cache."""
        equip(made.python)
        made.age("0.0.1", installer="uv")
        cached = tmp_path / "cached.py"
        linked = made.site_packages / "rim_router" / "errors.py"
        linked.rename(cached)
        cached.write_text("old = 1\n")
        os.link(cached, linked)
        equip(made.python)
        assert cached.read_text() == "old = 1\n"
        assert check(made.python).state is State.EQUIPPED


class TestRefused:
    @pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 0), (3, 8, 20), (3, 18, 0)])
    def test_a_python_that_it_cannot_serve(self, tmp_path: Path, version: tuple[int, ...]) -> None:
        """Never installed and asleep."""
        answer = {
            "version": version,
            "prefix": "/x",
            "path": [],
            "purelib": str(tmp_path / "lib"),
            "suffix": None,
        }
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\ncat <<'END'\nrim-router:{json.dumps(answer)}\nEND\n")
        python.chmod(0o755)
        with pytest.raises(TransplantError, match=rf"does not work on Python {version[0]}\.{version[1]}"):
            equip(python)
        assert not (tmp_path / "lib").exists()

    def test_a_dependency_that_does_not_work_there(self, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
        newer = transplant.Payload("packaging", "99.0", "packaging-99.0.dist-info", {})
        monkeypatch.setattr(transplant, "installed", lambda _: newer)
        monkeypatch.setattr(
            transplant, "_asked_python", lambda name: ">=3.99" if name == "packaging" else None
        )
        before = made.snapshot()
        with pytest.raises(TransplantError, match=r"packaging 99\.0.*does not work on Python"):
            equip(made.python)
        assert made.snapshot() == before

    def test_what_does_not_run(self, tmp_path: Path) -> None:
        python = tmp_path / "python"
        python.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
        python.chmod(0o755)
        with pytest.raises(TargetError) as caught:
            examine(python)
        assert str(caught.value).endswith("cannot do what it was asked: broken")
        python.chmod(0o644)
        with pytest.raises(TargetError, match="cannot be run"):
            examine(python)

    @pytest.mark.parametrize("answer", ['{"path": []}', '{"path": []} bye', "[]"])
    def test_what_says_something_else(self, answer: str, tmp_path: Path) -> None:
        """What starts or ends with it may print, too."""
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\necho 'rim-router:{answer}'\n")
        python.chmod(0o755)
        for ask in (examine, search_path):
            with pytest.raises(TargetError, match="something else than it was asked"):
                ask(python)

    def test_removing_what_pip_has_installed(self, made: Made) -> None:
        equip(made.python)
        made.age(rim_router.__version__, installer="pip")
        before = made.snapshot()
        with pytest.raises(TargetError, match="by pip"):
            remove(made.python)
        assert made.snapshot() == before

    def test_removing_what_something_else_needs(self, made: Made) -> None:
        equip(made.python)
        made.add("other", "1.0", requires="Packaging>=20; python_version > '3'")
        outcome = remove(made.python)
        assert outcome.why == "packaging stays: something else needs it"
        assert (made.site_packages / "packaging" / "__init__.py").exists()
        assert not [*made.site_packages.glob("*rim_router*"), *made.site_packages.glob("certifi*")]

    def test_modules_of_the_working_directory_are_not_taken(
        self, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "packaging").mkdir()
        (tmp_path / "packaging" / "__init__.py").write_text("planted = 1\n")
        (tmp_path / "json.py").write_text("raise SystemExit('planted')\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(str(tmp_path))
        assert equip(made.python).state is State.ADDED
        assert "planted" not in (made.site_packages / "packaging" / "__init__.py").read_text()

    def test_distributions_of_a_zipapp_are_not_taken(
        self, made: Made, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """virtualenv.pyz has a finder for its own platformdirs, in front of all others."""

        class Finder:
            @staticmethod
            def find_spec(*_: object) -> None:
                return None

            @staticmethod
            def find_distributions(context: object) -> object:
                pytest.fail("it was asked")

        monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
        payloads = transplant.plugin((sys.version_info[0], sys.version_info[1]))
        assert {"rim-router", "platformdirs"} <= {payload.name for payload in payloads}


class TestCommand:
    def test_several(self, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Those that can be served are; the others are named."""
        code, found = report(capsys, tmp_path / "none", made.prefix)
        assert (code, found["ok"], states(found)) == (1, False, ["refused", "added"])
        assert found["environments"][0]["why"] == f"{tmp_path / 'none'} does not exist"
        assert found["environments"][1]["python"].startswith(HERE)
        assert report(capsys, made.python, "--check")[0] == 0

    def test_what_is_said(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["equip", str(tmp_path / "none")]) == 1
        said = capsys.readouterr().err
        expected = f"ERROR: {tmp_path / 'none'} does not exist\n1 of 1 environment is not as asked for\n"
        assert said == expected

    def test_a_folder(self, made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """As tox, nox and uv have them; what a link leads to is somewhere else."""
        other = Made(tmp_path / "project" / ".tox" / "py")
        (tmp_path / "project" / "link").symlink_to(made.prefix)
        code, found = report(capsys, "--recursive", tmp_path / "project", "--check")
        assert (code, states(found)) == (1, ["absent"])
        assert found["environments"][0]["hint"] == f"rim-router equip {other.prefix}"
        assert report(capsys, "--recursive", tmp_path)[0] == 0
        assert made.waits()
        assert other.waits()
        assert main(["equip", "--recursive", str(tmp_path), "--check"]) == 0
        assert main(["equip", "--recursive", str(tmp_path), "--remove"]) == 0
        assert not made.waits()

    def test_pipx(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("PIPX_HOME", str(tmp_path / "pipx"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        assert main(["equip", "--pipx"]) == 0
        assert main(["equip", "--pipx", "--check"]) == 1
        tool, shared = Made(tmp_path / "pipx" / "venvs" / "tool"), Made(tmp_path / "pipx" / "shared")
        capsys.readouterr()
        code, found = report(capsys, "--pipx")
        assert (code, states(found)) == (0, ["added", "added"])
        assert tool.waits()
        assert shared.waits()

    def test_nothing_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["equip"]) == 2
        assert "no environment is named" in capsys.readouterr().err

    def test_no_environment(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["equip", str(tmp_path)]) == 1
        assert "--recursive" in capsys.readouterr().err
        assert main(["equip", "--recursive", str(tmp_path / "none")]) == 2

    def test_somebody_elses(
        self, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What is found is not run if another user can have put it there."""
        monkeypatch.setattr(os, "geteuid", lambda: made.prefix.stat().st_uid + 1)
        monkeypatch.setattr(targets, "_ask", lambda *_: pytest.fail("it was run"))
        if made.prefix.stat().st_uid == 0:
            os.chown(made.prefix, 12345, -1)
        code, found = report(capsys, "--recursive", tmp_path)
        assert (code, states(found)) == (1, ["refused"])
        assert "belongs to another user" in found["environments"][0]["why"]

    def test_doctor_of_another_environment(self, made: Made, capfd: pytest.CaptureFixture[str]) -> None:
        assert main(["doctor", "--python", str(made.prefix)]) == 1
        assert "open: there is no rim-router" in capfd.readouterr().out
        assert main(["doctor", "--python", str(made.prefix), "--json"]) == 1
        assert json.loads(capfd.readouterr().out)["state"] == "open"
        equip(made.python)
        assert main(["doctor", "--python", str(made.python), "--json"]) == 0
        found = json.loads(capfd.readouterr().out)
        assert (found["state"], found["plugin"]["active_isolated"]) == ("no-pip", True)
        assert str(made.python) in found["python"]
