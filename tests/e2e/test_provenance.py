"""Where each distribution came from is recorded beside its metadata, whatever a wheel brings there itself."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.wheels import module_name, sdist, wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage

FILES = ("provenance_url.json", "rim_router.json")


def info(place: Path, name: str) -> Path:
    """The ``.dist-info`` of a project, wherever below a directory it is."""
    (found,) = place.rglob(f"{module_name(name)}-*.dist-info")
    return found


def records(place: Path, name: str) -> dict[str, Any]:
    """What is recorded of a project: the content of each of the two files that is there."""
    where = info(place, name)
    return {each: json.loads((where / each).read_bytes()) for each in FILES if (where / each).exists()}


def rows(directory: Path) -> dict[str, tuple[str, str]]:
    """The digest and the size in each line of a RECORD; a file has one line."""
    lines = list(csv.reader(io.StringIO((directory / "RECORD").read_text("utf-8"), newline="")))
    assert len({line[0] for line in lines}) == len(lines)
    return {path: (digest, size) for path, digest, size in lines}


def assert_listed(directory: Path) -> None:
    """Each record has its line in RECORD, with the right digest and size; and each line its file."""
    listed = rows(directory)
    for path, (digest, size) in listed.items():
        content = (directory.parent / path).read_bytes()
        found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert digest in ("", f"sha256={found}")
        assert size in ("", str(len(content)))
    there = {each for each in FILES if (directory / each).exists()}
    assert there == {each for each in FILES if f"{directory.name}/{each}" in listed}
    assert all(listed[f"{directory.name}/{each}"][0] for each in there)


class TestRecorded:
    """With a table in force."""

    def test_of_an_index_and_of_what_is_left_to_pip(self, stage: Stage, environments: Environments) -> None:
        """URL and digest, index, pattern, table and line; and uninstalling leaves nothing behind."""
        victim = environments.equipped()
        stage.route(victim)
        before = sorted(victim.prefix.rglob("*"))
        victim.pip("install", "--index-url", stage.public.url, "tool", check=True)
        recorded = records(victim.site_packages, "acme-core")
        assert recorded["provenance_url.json"] == {
            "url": stage.private.file_url(stage.real),
            "archive_info": {"hashes": {"sha256": stage.real.digest()}},
        }
        table = victim.project / "index-routing.toml"
        lines = table.read_text("utf-8").splitlines()
        assert len(recorded["rim_router.json"].pop("listed")) == 64
        assert recorded["rim_router.json"] == {
            "version": 1,
            "way": "index",
            "expected": True,
            "uploaded": None,
            "index": {"name": "acme", "url": stage.private.url},
            "rule": {
                "pattern": "acme-*",
                "layer": "project",
                "file": str(table),
                "line": 1 + next(n for n, line in enumerate(lines) if line.startswith('"acme-*"')),
            },
        }
        left = records(victim.site_packages, "tool")
        assert left["rim_router.json"]["way"] == "pip"
        assert left["rim_router.json"]["index"] == {"name": "pip", "url": stage.public.url.rstrip("/")}
        assert left["rim_router.json"]["rule"] is None
        assert left["provenance_url.json"]["url"].startswith(stage.public.base)
        for name in ("acme-core", "tool"):
            assert_listed(info(victim.site_packages, name))
        victim.pip("uninstall", "-y", "acme-core", "tool", check=True)
        after = [path for path in victim.prefix.rglob("*") if "__pycache__" not in path.parts]
        assert sorted(after) == [path for path in before if "__pycache__" not in path.parts]

    @pytest.mark.spread
    def test_on_every_pip(self, stage: Stage, environments: Environments) -> None:
        """A wheel, and one that is built."""
        victim = environments.equipped()
        victim.route({"acme": stage.private.url}, {"*": "acme"})
        source = stage.private.add(sdist("acme-built", "1.0", origin="private"))
        victim.pip("install", "acme-core", "acme-built", check=True)
        for name, artifact in (("acme-core", stage.real), ("acme-built", source)):
            recorded = records(victim.site_packages, name)
            assert recorded["provenance_url.json"]["url"] == stage.private.file_url(artifact)
            hashes = recorded["provenance_url.json"]["archive_info"]["hashes"]
            assert hashes == {"sha256": artifact.digest()}
            assert_listed(info(victim.site_packages, name))
        victim.pip("uninstall", "-y", "acme-core", "acme-built", check=True)
        assert not list(victim.site_packages.glob("acme_*"))

    def test_wherever_it_is_installed(self, stage: Stage, environments: Environments) -> None:
        """``--target``, ``--prefix`` and ``--root``."""
        victim = environments.equipped()
        stage.route(victim)
        for option in ("--target", "--prefix", "--root"):
            place = victim.place / option.strip("-")
            victim.pip("install", "--ignore-installed", option, place, "acme-core", check=True)
            assert records(place, "acme-core").keys() == set(FILES)
            assert_listed(info(place, "acme-core"))

    def test_of_a_wheel_that_pip_had_built_earlier(self, stage: Stage, environments: Environments) -> None:
        """What counts is what the wheel in pip's cache was built from."""
        victim = environments.equipped()
        stage.route(victim)
        source = stage.private.add(sdist("acme-built", "1.0", origin="private"))
        cached = {"PIP_NO_CACHE_DIR": None, "PIP_CACHE_DIR": str(victim.place / "cache")}
        seen = []
        for _ in range(2):
            result = victim.pip("install", "--force-reinstall", "acme-built", env=cached, check=True)
            seen.append(records(victim.site_packages, "acme-built"))
        assert "Using cached" in result.output
        assert "Building wheel" not in result.output
        assert seen[0] == seen[1]
        assert seen[1]["provenance_url.json"]["url"] == stage.private.file_url(source)
        hashes = seen[1]["provenance_url.json"]["archive_info"]["hashes"]
        assert hashes == {"sha256": source.digest()}

    def test_of_a_direct_reference(self, stage: Stage, environments: Environments) -> None:
        """PEP 610 has its URL; beside it there is only what judged it, and the hash that the user gave."""
        victim = environments.equipped()
        stage.route(victim)
        url = stage.private.file_url(stage.real)
        for fragment, hashes in (
            ("", {}),
            (f"#sha256={stage.real.digest()}", {"sha256": stage.real.digest()}),
        ):
            victim.pip("install", "--force-reinstall", f"acme-core @ {url}{fragment}", check=True)
            recorded = records(victim.site_packages, "acme-core")
            assert recorded.keys() == {"rim_router.json"}
            own = recorded["rim_router.json"]
            assert (own["way"], own["url"], own["hashes"]) == ("reference", url, hashes)
            assert own["rule"]["pattern"] == "acme-*"
            assert (info(victim.site_packages, "acme-core") / "direct_url.json").exists()
            assert_listed(info(victim.site_packages, "acme-core"))

    def test_no_secret(self, stage: Stage, environments: Environments) -> None:
        """Neither what is in front of the host nor what a variable has put into the path."""
        victim = environments.equipped()
        secret = f"http://ci:t0ken@{stage.private.netloc}/simple"
        victim.route({"acme": secret}, {"acme-*": "acme"})
        victim.pip("install", "acme-core", check=True)
        for each in FILES:
            text = (info(victim.site_packages, "acme-core") / each).read_text("utf-8")
            assert "t0ken" not in text
            assert "ci:" not in text
            assert "*" not in text.replace("acme-*", "")

    def test_nothing_without_a_table(self, stage: Stage, environments: Environments) -> None:
        """pip writes what it always has."""
        victim = environments.equipped()
        victim.pip("install", "--index-url", stage.private.url, "acme-core", check=True)
        assert records(victim.site_packages, "acme-core") == {}


class TestForged:
    """A wheel brings the records itself."""

    FORGED: Mapping[str, bytes] = {
        "provenance_url.json": b'{"url": "https://forged.example/x.whl", "archive_info": {"hashes": {}}}',
        "rim_router.json": b'{"version": 1, "forged": true}',
        "direct_url.json": b'{"url": "https://forged.example/x.whl", "archive_info": {}}',
    }

    def forge(self, stage: Stage, extra: Mapping[str, bytes] | None = None) -> None:
        files = self.FORGED if extra is None else extra
        named = {f"acme_forged-1.0.dist-info/{name}": content for name, content in files.items()}
        stage.private.add(wheel("acme-forged", "1.0", origin="private", extra_files=named))

    def test_plain_pip_believes_it(self, stage: Stage, environments: Environments) -> None:
        """It is an attack: ``pip freeze`` says that the wheel came from where it says."""
        self.forge(stage)
        victim = environments.plain()
        victim.pip("install", "--index-url", stage.private.url, "acme-forged", check=True)
        assert "forged.example" in victim.pip("freeze", check=True).stdout

    def test_it_is_replaced(self, stage: Stage, environments: Environments) -> None:
        """By what is true, in RECORD as well; a ``direct_url.json`` is none where a name was asked for."""
        self.forge(stage)
        victim = environments.equipped()
        stage.route(victim)
        victim.pip("install", "acme-forged", check=True)
        directory = info(victim.site_packages, "acme-forged")
        assert_listed(directory)
        assert "forged" not in records(directory.parent, "acme-forged")["rim_router.json"]
        assert not (directory / "direct_url.json").exists()
        assert f"{directory.name}/direct_url.json" not in rows(directory)
        assert "forged.example" not in victim.pip("freeze", check=True).stdout

    def test_it_is_replaced_by_a_direct_reference(self, stage: Stage, environments: Environments) -> None:
        """Also where nothing takes its place."""
        self.forge(stage, {each: self.FORGED[each] for each in FILES})
        victim = environments.equipped()
        stage.route(victim)
        forged = f"{stage.private.base}/files/acme_forged-1.0-py3-none-any.whl"
        victim.pip("install", f"acme-forged @ {forged}", check=True)
        directory = info(victim.site_packages, "acme-forged")
        assert_listed(directory)
        assert records(directory.parent, "acme-forged").keys() == {"rim_router.json"}

    @pytest.mark.parametrize("taken", ["RECORD.rim-router-new/x", "rim_router.json/x"])
    def test_where_nothing_can_be_written_nothing_is_believed(
        self, stage: Stage, environments: Environments, taken: str
    ) -> None:
        """The installation is complete and can be removed; there is a warning, and no record."""
        self.forge(stage, {**{n: c for n, c in self.FORGED.items() if n not in taken}, taken: b""})
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", "acme-forged", check=True)
        assert "where acme-forged came from cannot be recorded" in result.words
        directory = info(victim.site_packages, "acme-forged")
        assert not [each for each in FILES if (directory / each).is_file()]
        assert victim.origin("acme_forged") == "private"
        victim.pip("uninstall", "-y", "acme-forged", check=True)
        assert not list(victim.site_packages.glob("acme_forged*"))
