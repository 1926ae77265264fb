"""What is in the wheel and the source distribution, and what installing and removing them does."""

from __future__ import annotations

import email
import re
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import rim_router
from tests.support.environments import ROOT, START_UP_FILE, once, run

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.support.environments import Environment, Workshop
    from tests.support.servers import IndexServer

DIST_INFO = f"rim_router-{rim_router.__version__}.dist-info"


def modules() -> set[str]:
    """The files of the two packages in the checkout."""
    paths = (path for path in ROOT.glob("*rim_router/**/*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in paths if "__pycache__" not in path.parts}


def contents(environment: Environment) -> set[str]:
    """Every file below an environment, less what Python compiled of other packages on the way."""
    paths = (path.relative_to(environment.prefix).as_posix() for path in environment.prefix.rglob("*"))
    return {path for path in paths if "__pycache__" not in path or "rim_router" in path}


class TestWheel:
    """The built wheel."""

    def test_files(self, workshop: Workshop) -> None:
        """It has the package, the start-up file at its root, its metadata, and nothing else."""
        with zipfile.ZipFile(workshop.wheel()) as archive:
            names = archive.namelist()
        metadata = {f"{DIST_INFO}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
        assert len(names) == len(set(names))
        assert set(names) == modules() | {START_UP_FILE} | metadata | {f"{DIST_INFO}/licenses/LICENSE"}

    def test_start_up_file(self, workshop: Workshop) -> None:
        """One import line, and no `.start` file: on Python 3.15 that costs every process 30 modules."""
        with zipfile.ZipFile(workshop.wheel()) as archive:
            assert archive.read(START_UP_FILE).decode() == (ROOT / START_UP_FILE).read_text()
            assert not [name for name in archive.namelist() if name.endswith(".start")]

    def test_metadata(self, workshop: Workshop) -> None:
        """It is pure Python, says which Pythons, carries its licence, its README and the console script."""
        with zipfile.ZipFile(workshop.wheel()) as archive:
            metadata = email.message_from_bytes(archive.read(f"{DIST_INFO}/METADATA"))
            wheel = email.message_from_bytes(archive.read(f"{DIST_INFO}/WHEEL"))
            entry_points = archive.read(f"{DIST_INFO}/entry_points.txt").decode()
        assert wheel["Root-Is-Purelib"] == "true"
        assert wheel.get_all("Tag") == ["py3-none-any"]
        assert metadata["Name"] == "rim-router"
        assert metadata["Version"] == rim_router.__version__
        assert metadata["Requires-Python"] == "<3.18,>=3.9"
        assert metadata["License-Expression"] == "MIT"
        readme = metadata.get_payload(decode=True)
        assert isinstance(readme, bytes)
        text = readme.decode()
        assert metadata["Description-Content-Type"] == "text/markdown"
        assert text.startswith((ROOT / "README.md").read_text(encoding="utf-8").partition("![")[0])
        links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"(?ms)^```.*?^```$", "", text))
        assert [link for link in links if not link.startswith("https://")] == []
        assert "rim-router = rim_router.cli:main" in entry_points
        names = {each.partition(">")[0] for each in metadata.get_all("Requires-Dist", [])}
        assert names == {"certifi", "packaging", "platformdirs", "tomli"}


class TestSource:
    """The source distribution."""

    @pytest.fixture
    def unpacked(self, tmp_path: Path) -> Path:
        """It, built and unpacked."""
        run([sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path, ROOT])
        path = next(tmp_path.glob("rim_router-*.tar.gz"))
        with tarfile.open(path) as archive:
            archive.extractall(tmp_path)  # it is our own
        return tmp_path / path.name[: -len(".tar.gz")]

    def test_files(self, unpacked: Path) -> None:
        """It has what is needed to build, to test and to read, and no caches."""
        names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
        needed = modules() | {
            START_UP_FILE,
            "pyproject.toml",
            "hatch_build.py",
            "noxfile.py",
            "LICENSE",
            "README.md",
            "PKG-INFO",
        }
        assert needed <= names
        assert "tests/conftest.py" in names
        assert not [name for name in names if "__pycache__" in name or name.startswith((".nox", ".venv"))]

    def test_its_wheel_is_the_checkouts(self, unpacked: Path, workshop: Workshop, tmp_path: Path) -> None:
        """A wheel built from it has the same files with the same bytes."""
        run(
            [
                sys.executable,
                "-m",
                "build",
                "--wheel",
                "--no-isolation",
                "--outdir",
                tmp_path / "again",
                unpacked,
            ]
        )
        again = next((tmp_path / "again").glob("*.whl"))
        assert _members(again) == _members(workshop.wheel())


def _members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class TestInstallation:
    """Coming and going."""

    def test_start_up_file_is_at_the_root(self, environments: Environments) -> None:
        """It is where ``site`` looks for it, and the console script is there."""
        environment = environments.equipped()
        assert (environment.site_packages / START_UP_FILE).is_file()
        assert environment.run(environment.python.with_name("rim-router"), "--help").returncode == 0

    @pytest.mark.spread
    def test_uninstall_leaves_nothing(self, environments: Environments) -> None:
        """After ``pip uninstall`` no file is left, and pip and Python start without a word."""
        environment = environments.equipped()
        # Used first, so that there are compiled files.
        environment.route({"acme": "https://pypi.acme.example/simple"}, {"acme-*": "acme"})
        environment.pip("list", check=True)
        environment.run(environment.python.with_name("rim-router"), "check")
        environment.pip("uninstall", "-y", "rim-router", check=True)
        assert "rim-router" not in environment.installed()
        assert not [path for path in contents(environment) if "rim_router" in path or "rim-router" in path]
        result = environment.pip("--version", check=True)
        assert result.stderr == ""

    def test_editable(self, environments: Environments) -> None:
        """``pip install -e .`` starts the plugin too, from the checkout, and uninstalling leaves nothing."""
        environment = environments.plain()
        before = contents(environment)
        _install_editable(environments, environment, ROOT)
        assert (environment.site_packages / START_UP_FILE).is_file()
        probe = "import sys, rim_router; print(sys.modules['_rim_router'].__file__, rim_router.__file__)"
        printed = environment.run(environment.python, "-c", probe, cwd=environment.home, check=True).stdout
        started, imported = map(Path, printed.split())
        assert started == environment.site_packages / "_rim_router" / "__init__.py"
        assert imported == ROOT / "rim_router" / "__init__.py"
        environment.pip(
            "uninstall", "-y", "rim-router", "packaging", "platformdirs", "certifi", "tomli", check=True
        )
        assert contents(environment) == before

    def test_editable_without_its_folder(
        self, environments: Environments, private: IndexServer, tmp_path: Path
    ) -> None:
        """The folder is gone: pip, which went on unrouted, stops; and what is left can be uninstalled."""
        environment = environments.plain()
        checkout = tmp_path / "checkout"
        for name in ("_rim_router", "rim_router"):
            shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in (START_UP_FILE, "pyproject.toml", "hatch_build.py", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, checkout)
        _install_editable(environments, environment, checkout)
        environment.route({"acme": private.url}, {"acme-*": "acme"})
        shutil.rmtree(checkout)
        result = environment.pip("install", "acme-core", "--index-url", private.url)
        assert result.returncode != 0, str(result)
        assert (
            "rim-router does not work here (ModuleNotFoundError: No module named 'rim_router')"
            in result.words
        )
        assert "Traceback" not in result.output
        assert private.requests == []
        environment.pip("uninstall", "-y", "rim-router", check=True)
        assert not [path for path in contents(environment) if "rim_router" in path]


def _install_editable(environments: Environments, environment: Environment, checkout: Path) -> None:
    workshop = environments.workshop
    backend = once(
        workshop.cache / f"backend-{environments.pair}",
        lambda path: _fetch_backend(environment, workshop, path),
    )
    links = ["--find-links", backend, "--find-links", workshop.dependencies(environments.pair)]
    environment.pip("install", "--no-index", *links, "-e", checkout, check=True)


def _fetch_backend(environment: Environment, workshop: Workshop, path: Path) -> None:
    workshop.fetch(path, "hatchling", "editables", using=environment.python)
