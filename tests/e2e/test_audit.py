"""``rim-router audit`` tells what came from where the table says, and what helps where that is not known."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.environments import once
from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment


def audit(victim: Environment, *options: str | Path) -> tuple[int, dict[str, Any], dict[str, dict[str, Any]]]:
    """The exit code, the report, and in it each distribution by name."""
    result = victim.run(victim.python, "-m", "rim_router", "audit", "--json", *options)
    assert result.returncode in (0, 1), str(result)
    report = json.loads(result.stdout)
    assert report["ok"] == (result.returncode == 0)
    return result.returncode, report, {each["name"]: each for each in report["distributions"]}


def states(victim: Environment, *names: str) -> dict[str, str]:
    found = audit(victim)[2]
    return {name: found[name]["state"] for name in names}


class TestStates:
    """What was installed in every way that there is."""

    def test_each_way(self, stage: Stage, environments: Environments) -> None:
        """Through the plugin; nothing is wrong, and what no route claims is listed."""
        victim = environments.equipped()
        links = victim.place / "links"
        wheel("acme-link", "1.0", origin="links").write_to(links)
        stage.private.add(sdist("acme-built", "1.0", origin="private"))
        stage.route(victim)
        victim.pip("install", "--index-url", stage.public.url, "tool", "acme-built", check=True)
        victim.pip("install", "--no-index", "--find-links", links, "acme-link", check=True)
        reference = f"acme-build @ {stage.private.base}/files/acme_build-1.0-py3-none-any.whl"
        victim.pip("install", reference, check=True)
        code, report, found = audit(victim)
        assert code == 0
        assert {name: found[name]["state"] for name in found if name.startswith("acme")} == {
            "acme-core": "ok", "acme-built": "ok", "acme-link": "ok", "acme-build": "direct",
        }  # fmt: skip
        assert found["tool"]["state"] == "unclaimed"
        assert found["tool"]["recorded"]["index_url"] == stage.public.url.rstrip("/")
        assert found["pip"]["state"] == "unclaimed"
        assert found["pip"]["recorded"] is None
        assert found["acme-core"]["place"]["line"] == found["acme-core"]["recorded"]["table"]["line"]
        assert {each["host"] for each in report["hosts"]} == {stage.public.netloc, stage.private.netloc}

    def test_what_was_there_before(self, stage: Stage, environments: Environments) -> None:
        """It is unknown, or came from elsewhere; what the audit says makes all of it right."""
        victim = environments.equipped()
        victim.pip("install", *stage.both, "tool", check=True)
        assert victim.origin("acme_core") == "public"
        stage.private.add(wheel("acme-core", "99.0", origin="private"))
        stage.route(victim)
        code, _, found = audit(victim)
        assert code == 1
        assert found["acme-core"]["state"] == "unknown"
        remedy = found["acme-core"]["remedy"]
        assert remedy == "python -m pip install --force-reinstall --no-deps acme-core==99.0"
        text = victim.run(victim.python, "-m", "rim_router", "audit")
        assert text.returncode == 1
        assert text.stdout.startswith("FAILED: 1 of 1 claimed distribution ")
        assert remedy in text.stdout
        victim.run(victim.python, *shlex.split(remedy)[1:], check=True)
        assert victim.origin("acme_core") == "private"
        assert states(victim, "acme-core") == {"acme-core": "ok"}
        done = victim.run(victim.python, "-m", "rim_router", "audit", check=True)
        assert done.stdout.startswith("OK: 1 claimed distribution,")

    def test_the_table_of_today_counts(self, stage: Stage, environments: Environments) -> None:
        """What was routed rightly then has come from elsewhere now."""
        victim = environments.equipped()
        stage.route(victim)
        victim.pip("install", "acme-core", check=True)
        victim.route({"other": stage.public.url}, {"acme-*": "other"})
        found = audit(victim)[2]["acme-core"]
        assert (found["state"], found["wrong"]) == ("elsewhere", True)
        assert f"index acme ({stage.private.url.rstrip('/')}" in found["why"]
        victim.route({"acme": stage.private.url}, {"acme-core": {"deny": "retired"}})
        found = audit(victim)[2]["acme-core"]
        assert (found["state"], found["remedy"]) == ("elsewhere", "python -m pip uninstall acme-core")
        # Another name for the same index is the same index.
        victim.route({"house": stage.private.url}, {"*": "house"})
        assert states(victim, "acme-core") == {"acme-core": "ok"}

    def test_what_was_changed(self, stage: Stage, environments: Environments) -> None:
        """A file that is not what RECORD says, or is missing, also of a name that is only listed."""
        victim = environments.equipped()
        stage.route(victim)
        victim.pip("install", "--index-url", stage.public.url, "tool", check=True)
        for module in ("acme_core", "tool"):
            path = victim.site_packages / f"{module}.py"
            path.unlink()
            path.write_text("ORIGIN = 'evil'\n", encoding="utf-8")
        code, _, found = audit(victim)
        assert code == 1
        assert found["acme-core"]["changed"] == ["acme_core.py: changed"]
        assert (found["acme-core"]["wrong"], found["tool"]["wrong"]) == (True, False)
        (victim.site_packages / "acme_core.py").unlink()
        assert audit(victim)[2]["acme-core"]["changed"] == ["acme_core.py: missing"]
        victim.run(victim.python, *shlex.split(found["acme-core"]["remedy"])[1:], check=True)
        assert states(victim, "acme-core", "tool") == {"acme-core": "ok", "tool": "tampered"}
        assert audit(victim)[0] == 0
        (record,) = victim.site_packages.glob("acme_core-*.dist-info/RECORD")
        lines = record.read_text("utf-8").splitlines(keepends=True)
        record.write_text("".join(line for line in lines if not line.startswith("acme_core.py")), "utf-8")
        assert audit(victim)[2]["acme-core"]["changed"] == [
            "RECORD: has other lines than when it was installed"
        ]

    def test_a_record_that_a_wheel_brings(self, stage: Stage, environments: Environments) -> None:
        """Installed through the plugin it counts for nothing, and so does one that RECORD does not list."""
        url = f"{stage.private.base}/files/acme_core-1.0-py3-none-any.whl"
        forged = {"version": 1, "way": "index", "index": {"name": "acme", "url": stage.private.url},
                  "url": url, "hashes": {}, "rule": None}  # fmt: skip
        extra = {"acme_forged-1.0.dist-info/rim_router.json": json.dumps(forged).encode()}
        stage.public.add(wheel("acme-forged", "1.0", origin="public", extra_files=extra))
        victim = environments.equipped()
        victim.route({"any": stage.public.url}, {"*": "any"})
        victim.pip("install", "acme-forged", check=True)
        stage.route(victim)
        assert states(victim, "acme-forged") == {"acme-forged": "elsewhere"}
        record = next(victim.site_packages.glob("acme_forged-*/RECORD"))
        kept = [line for line in record.read_text("utf-8").splitlines() if "rim_router" not in line]
        record.unlink()
        record.write_text("\n".join(kept), encoding="utf-8")
        (record.parent / "rim_router.json").write_text(json.dumps(forged), encoding="utf-8")
        assert states(victim, "acme-forged") == {"acme-forged": "unknown"}

    def test_without_a_table(self, stage: Stage, environments: Environments) -> None:
        """There is nothing to compare with, which is no yes."""
        victim = environments.equipped()
        victim.pip("install", *stage.both, "acme-core", check=True)
        code, report, found = audit(victim)
        assert (code, report["tables"], found["acme-core"]["state"]) == (1, [], "unclaimed")

    def test_an_environment_without_the_plugin(self, stage: Stage, environments: Environments) -> None:
        """It is read from here, with the table that is in force here; with the plugin it audits itself."""
        here, there = environments.equipped(), environments.plain()
        stage.route(here)
        there.pip("install", *stage.both, "acme-core", check=True)
        code, report, found = audit(here, "--python", there.prefix)
        assert (code, found["acme-core"]["state"]) == (1, "unknown")
        assert "there is no rim-router in that environment" in " ".join(report["notes"])
        assert report["prefix"] == str(there.prefix)
        other = environments.equipped()
        code, report, _ = audit(here, "--python", other.python)
        assert (code, report["prefix"], report["notes"]) == (0, str(other.prefix), [])


@pytest.mark.newest
def test_page(stage: Stage, environments: Environments) -> None:
    """One file, with the same exit code, and text that nobody else has made part of it."""
    victim = environments.equipped()
    stage.route(victim)
    victim.pip("install", "acme-core", check=True)
    path = victim.project / "audit.html"
    assert audit(victim, "--html", path)[0] == 0
    text = path.read_text("utf-8")
    assert stage.real.digest() in text
    assert not re.search(r"<script|<link|<img|@import|url\(", text)
    result = victim.run(victim.python, "-m", "rim_router", "audit", "--html", victim.project / "no" / "x")
    assert result.returncode == 2
    assert "cannot be written" in result.stderr


@pytest.mark.tools
def test_what_uv_has_replaced(stage: Stage, environments: Environments) -> None:
    """The record goes with the files of the old one, and the new ones are those of an unrouted program."""
    if environments.pip_version < (23,):
        pytest.skip("the newer pip fetches uv for both")
    victim = environments.equipped()
    shared = environments.workshop.shared

    def fetch(path: Path) -> None:
        environments.workshop.fetch(path, "uv", using=environments.pair.interpreter)

    wheels = once(shared / f"uv-{environments.pair}", fetch)
    victim.pip("install", "--no-index", "--find-links", wheels, "uv", check=True)
    stage.route(victim)
    victim.pip("install", "acme-core", check=True)
    assert states(victim, "acme-core") == {"acme-core": "ok"}
    uv = victim.python.with_name("uv")
    options = ["--python", victim.python, "--no-config", "--reinstall", "--index-url", stage.public.url]
    victim.run(uv, "pip", "install", *options, "acme-core", check=True)
    assert victim.origin("acme_core") == "public"
    found = audit(victim)[2]["acme-core"]
    assert (found["state"], found["installer"], found["wrong"]) == ("unknown", "uv", True)
    assert "was installed by uv" in found["why"]
