"""What is installed, and whether its files and its record can be believed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rim_router.environments.installed import installed
from rim_router.rules.digests import recorded
from rim_router.rules.provenance import OWN, STANDARD, Provenance, listing

if TYPE_CHECKING:
    from pathlib import Path

    from rim_router.rules.audit import Found

CAME = Provenance(
    "index", "https://acme.example/a.whl", {"sha256": "0" * 64}, "acme", "https://acme.example/"
)
INFO = "acme_core-1.0.dist-info"
METADATA = b"Metadata-Version: 2.1\nName: acme_core\nVersion: 1.0\n"


def make(directory: Path, files: dict[str, bytes], *, unlisted: tuple[str, ...] = ()) -> None:
    """A distribution, as pip leaves it, with some more files."""
    everything = {
        f"{INFO}/METADATA": METADATA,
        f"{INFO}/INSTALLER": b"pip\n",
        "acme_core.py": b"pass\n",
        **{f"{INFO}/{name}": data for name, data in CAME.documents(by_name=True).items()},
        **files,
    }
    lines = [f"{INFO}/RECORD,,", "__pycache__/acme_core.cpython-39.pyc,,"]
    for name, content in everything.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if name not in unlisted:
            lines.append(f"{name},{recorded(content)},{len(content)}")
    (directory / INFO / "RECORD").write_text("\r\n".join(lines), encoding="utf-8")


def look(directory: Path) -> Found:
    (found,) = installed([directory])
    return found


def test_as_pip_leaves_it(tmp_path: Path) -> None:
    """Name, version, installer and record; what Python compiles may be missing."""
    make(tmp_path, {})
    found = look(tmp_path)
    assert (found.name, found.version, found.installer) == ("acme-core", "1.0", "pip")
    assert found.provenance == CAME
    assert found.changed == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda site: (site / "acme_core.py").write_text("evil"), "changed", id="edited"),
        pytest.param(lambda site: (site / "acme_core.py").unlink(), "missing", id="removed"),
        pytest.param(
            lambda site: ((site / "acme_core.py").unlink(), os.mkfifo(site / "acme_core.py")),
            "missing",
            id="a pipe, which is not waited for",
            marks=pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in this file system"),
        ),
    ],
)
def test_changed_files(tmp_path: Path, change: object, said: str) -> None:
    """RECORD itself is read: ``Distribution.files`` of Python 3.13 leaves out what is missing."""
    make(tmp_path, {})
    change(tmp_path)  # type: ignore[operator]
    assert look(tmp_path).changed == (f"acme_core.py: {said}",)


def test_a_file_without_a_digest(tmp_path: Path) -> None:
    """Nothing vouches for it."""
    make(tmp_path, {"acme_data.bin": b""}, unlisted=("acme_data.bin",))
    with (tmp_path / INFO / "RECORD").open("a", encoding="utf-8") as record:
        record.write("\r\nacme_data.bin,,\r\nacme_core.so,md5=x,1\r\n")
    assert look(tmp_path).changed == (
        "acme_data.bin: RECORD has no digest of it",
        "acme_core.so: RECORD has no digest of it",
    )


def test_compiled_code_in_the_place_of_a_source(tmp_path: Path) -> None:
    """Without a digest there is only what Python compiles for its cache."""
    make(tmp_path, {"acme_more.pyc": b""}, unlisted=("acme_more.pyc",))
    with (tmp_path / INFO / "RECORD").open("a", encoding="utf-8") as record:
        record.write("\r\nacme_more.pyc,,\r\n")
    assert look(tmp_path).changed == ("acme_more.pyc: RECORD has no digest of it",)


@pytest.mark.parametrize("change", ["acme_more.py", "acme_core.py"])
def test_other_lines_than_at_the_installation(tmp_path: Path, change: str) -> None:
    """A file that RECORD no longer lists could be changed, and one that it lists since then be anything."""
    rows = [(f"{INFO}/METADATA", recorded(METADATA)), (f"{INFO}/INSTALLER", recorded(b"pip\n"))]
    came = CAME.replaced(listed=listing(INFO, [*rows, ("acme_core.py", recorded(b"pass\n"))]))
    make(tmp_path, {f"{INFO}/{name}": data for name, data in came.documents(by_name=True).items()})
    assert look(tmp_path).changed == ()
    record = tmp_path / INFO / "RECORD"
    lines = record.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(change)]
    if kept == lines:
        (tmp_path / change).write_bytes(b"")
        kept.append(f"{change},{recorded(b'')},0")
    record.write_text("\n".join(kept), encoding="utf-8")
    assert look(tmp_path).changed == ("RECORD: has other lines than when it was installed",)


def test_a_directory_of_one_project_with_the_name_of_another(tmp_path: Path) -> None:
    """Programs go by one or by the other: so it is both, and neither is as it was installed."""
    make(tmp_path, {f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: zzz\nVersion: 1.0\n"})
    found = list(installed([tmp_path]))
    assert [each.name for each in found] == ["zzz", "acme-core"]
    assert all("its metadata have the name zzz" in str(each.changed) for each in found)


@pytest.mark.parametrize(
    "info",
    [
        "acme_core-1.0.dist-info",
        "acme-core-1.0.dist-info",
        "acme-core.egg-info",
        "acme_core-1.0-py3.9.egg-info",
    ],
)
def test_spellings_of_one_name(tmp_path: Path, info: str) -> None:
    """Some programs write a hyphen as it is."""
    (tmp_path / info).mkdir()
    for name in ("METADATA", "PKG-INFO"):
        (tmp_path / info / name).write_bytes(METADATA)
    assert [each.name for each in installed([tmp_path])] == ["acme-core"]


def test_a_link_to_the_metadata_of_another(tmp_path: Path) -> None:
    """Python finds it by the name of the link."""
    make(tmp_path, {})
    (tmp_path / "zzz-1.0.dist-info").symlink_to(tmp_path / INFO)
    found = {each.name: each.changed for each in installed([tmp_path])}
    assert set(found) == {"acme-core", "zzz"}
    assert found["zzz"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in this file system")
@pytest.mark.parametrize("name", ["METADATA", "RECORD", "INSTALLER", "direct_url.json", OWN])
def test_what_is_no_file(name: str, tmp_path: Path) -> None:
    """A pipe is not waited for, and a link that leads to itself is not followed."""
    for place, make_it in (
        (tmp_path / "a", os.mkfifo),
        (tmp_path / "b", lambda path: path.symlink_to(path)),
    ):
        make(place, {})
        (place / INFO / name).unlink(missing_ok=True)
        make_it(place / INFO / name)
        found = look(place)
        assert found.name == "acme-core"
        assert found.direct_url is None
        assert found.changed or found.doubt or name == "direct_url.json"


def test_two_lines_for_a_file(tmp_path: Path) -> None:
    """A wheel has one for what pip then writes itself; one that is right is enough."""
    make(tmp_path, {})
    with (tmp_path / INFO / "RECORD").open("a", encoding="utf-8") as record:
        record.write(f"\r\n{INFO}/INSTALLER,{recorded(b'conda')},5\r\n")
    assert look(tmp_path).changed == ()


@pytest.mark.parametrize(
    ("files", "unlisted", "doubt"),
    [
        ({f"{INFO}/INSTALLER": b"uv"}, (), "was installed by uv, and not by a routed pip"),
        ({f"{INFO}/INSTALLER": b""}, (), "was installed by an unknown program, and not by a routed pip"),
        ({f"{INFO}/INSTALLER": b"rim-router\n"}, (), "was copied here by rim-router"),
        ({}, (f"{INFO}/{OWN}",), f"has a {OWN} that its RECORD does not list"),
        ({}, (f"{INFO}/{STANDARD}",), f"has a {STANDARD} that its RECORD does not list"),
        ({f"{INFO}/{OWN}": b"{}"}, (), "has a record that cannot be read"),
        ({f"{INFO}/{STANDARD}": b"{}"}, (), "has a record that cannot be read"),
    ],
)
def test_a_record_that_is_not_believed(
    tmp_path: Path, files: dict[str, bytes], unlisted: tuple[str, ...], doubt: str
) -> None:
    """pip has to have installed it and listed the record, which has to be whole."""
    make(tmp_path, files, unlisted=unlisted)
    found = look(tmp_path)
    assert found.provenance is None
    assert found.doubt.startswith(doubt)


def test_without_record_or_metadata(tmp_path: Path) -> None:
    """It is named all the same."""
    make(tmp_path, {})
    for name in ("RECORD", "METADATA"):
        (tmp_path / INFO / name).unlink()
    found = look(tmp_path)
    assert (found.name, found.version, found.doubt) == ("acme-core", "", "has no RECORD")


def test_each_once_and_every_one(tmp_path: Path) -> None:
    """A directory that is two of the path's counts once; an older one of the same name is one, too."""
    make(tmp_path / "a", {})
    make(tmp_path / "b", {})
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "b" / "old.egg-info").write_text("Name: old\nVersion: 1\n", encoding="utf-8")
    path = [tmp_path / each for each in ("a", "link", "b", "none")]
    assert [each.name for each in installed(path)] == ["acme-core", "acme-core", "old"]
