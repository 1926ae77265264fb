"""Copying distributions into another environment."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

import rim_router
from rim_router.environments import transplant
from rim_router.environments.transplant import Payload, TransplantError
from rim_router.libraries import toml
from rim_router.rules.contents import BROUGHT_ALONG

ROOT = Path(__file__).resolve().parents[3]
HERE = (sys.version_info[0], sys.version_info[1])


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """An empty directory."""
    directory = tmp_path / "target"
    directory.mkdir()
    return directory


def payload(name: str = "x", **files: bytes) -> Payload:
    return Payload(
        name, "1.0", f"{name}-1.0.dist-info", {f"{name}/{each}.py": data for each, data in files.items()}
    )


def everything_in(directory: Path) -> list[str]:
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*"))


def test_dependencies_are_those_of_the_metadata() -> None:
    project = toml().loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    expected = {}
    for requirement in project["dependencies"]:
        marker = re.search(r"python_version < '(\d+)\.(\d+)'", requirement)
        until = (int(marker[1]), int(marker[2])) if marker else None
        match = re.match(r"([a-z]+)([^;]+)", requirement)
        assert match
        expected[match[1]] = (match[2].strip(), until)
    assert expected == transplant.DEPENDENCIES
    assert expected.keys() == set(BROUGHT_ALONG)


def test_pythons_are_those_of_the_metadata() -> None:
    project = toml().loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest, end = (".".join(map(str, version)) for version in transplant.PYTHONS)
    assert project["requires-python"] == f">={oldest},<{end}"


@pytest.mark.parametrize("python", [(3, 8), (3, 18), (4, 0)])
def test_a_python_on_which_it_would_not_work(python: tuple[int, int]) -> None:
    """On the one it cannot run, and the other does not read its start-up file: it would be asleep there."""
    with pytest.raises(TransplantError, match=rf"does not work on Python {python[0]}\.{python[1]}") as caught:
        transplant.plugin(python)
    assert caught.value.hint == "use Python 3.9 to 3.17, or a newer rim-router"


def test_the_plugin_and_what_it_needs(target: Path) -> None:
    written = transplant.write(transplant.plugin(HERE), target)
    names = {found.metadata["Name"] for found in distributions(path=[str(target)])}
    assert {"rim-router", "certifi", "packaging", "platformdirs"} <= names
    assert ("tomli" in names) == (HERE < (3, 11))
    assert (target / "rim_router.pth").read_bytes() == (ROOT / "rim_router.pth").read_bytes()
    assert (target / "rim_router" / "py.typed").exists() == (ROOT / "rim_router" / "py.typed").exists()
    assert (target / "certifi" / "cacert.pem").stat().st_size > 100_000
    assert not list(target.rglob("__pycache__"))
    assert not list(target.rglob("direct_url.json"))
    assert sorted(written) == sorted(path for path in target.rglob("*") if path.is_file())


def test_records_are_true(target: Path) -> None:
    """pip can uninstall what was copied, and finds that nothing was changed."""
    transplant.write(transplant.plugin(HERE), target)
    recorded = set()
    for record in target.glob("*.dist-info/RECORD"):
        for name, digest, size in csv.reader(record.read_text(encoding="utf-8").splitlines()):
            recorded.add(name)
            if not name.endswith("/RECORD"):
                data = (target / name).read_bytes()
                expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
                assert (digest, int(size)) == (f"sha256={expected}", len(data))
    assert recorded == {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    assert f"rim_router-{rim_router.__version__}.dist-info/INSTALLER" in recorded


def test_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source tree that is not installed is copied with the least metadata there can be."""

    monkeypatch.setattr(transplant, "_found", lambda name: None)
    own = transplant._own()
    assert own.files[f"{own.dist_info}/METADATA"].startswith(b"Metadata-Version: 2.1\nName: rim-router\n")
    assert {"rim_router/rules/table.py", "_rim_router/gate.py"} <= set(own.files)
    with pytest.raises(TransplantError, match="certifi is not installed in this environment"):
        transplant.plugin(HERE)


def test_without_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Debian installs: the package is copied from where it is imported."""
    recorded = transplant.installed("platformdirs")
    monkeypatch.setattr(transplant, "_recorded", lambda found, strictly=False: {})
    copied = transplant.installed("platformdirs")
    assert copied.version == recorded.version
    assert {name for name in copied.files if name.startswith("platformdirs/")} == {
        name for name in recorded.files if name.startswith("platformdirs/")
    }
    assert copied.files[f"{copied.dist_info}/METADATA"] == recorded.files[f"{recorded.dist_info}/METADATA"]


def test_what_is_missing_is_named() -> None:
    with pytest.raises(TransplantError, match="no-such-thing is not installed in this environment") as caught:
        transplant.installed("no-such-thing")
    assert caught.value.hint == "install it: python -m pip install no-such-thing"


def test_a_place_that_is_taken(target: Path) -> None:
    """Nothing is overwritten, and nothing is left of what was written before."""
    (target / "b").mkdir()
    (target / "b" / "two.py").write_bytes(b"mine")
    with pytest.raises(TransplantError, match=r"two\.py already exists"):
        transplant.write([payload("a", one=b""), payload("b", one=b"", two=b"")], target)
    assert everything_in(target) == ["b", "b/two.py"]
    assert (target / "b" / "two.py").read_bytes() == b"mine"


def test_interrupted(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also between the making of a file and its first byte."""
    transplant.write([payload("a", one=b"")], target)
    before = everything_in(target)
    write = Path.write_bytes

    def interrupted(path: Path, data: bytes) -> int:
        size = write(path, data)
        if path.name == "two.py":
            raise KeyboardInterrupt
        return size

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        transplant.write([payload("b", one=b""), payload("c", one=b"", two=b"")], target)
    assert everything_in(target) == before
