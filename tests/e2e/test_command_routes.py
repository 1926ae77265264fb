"""RIM_ROUTER_ROUTES: routes for one command, without a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage

ROUTES = "RIM_ROUTER_ROUTES"


class TestCommandRoutes:
    """The highest layer; each test shows also what comes without it."""

    @pytest.mark.spread
    def test_no_table(self, stage: Stage, environments: Environments) -> None:
        """It is enough, and named where a file would be."""
        victim = environments.equipped()
        result = victim.pip("install", *stage.both, "tool", env={ROUTES: f"acme-*={stage.private.url}"})
        stage.assert_routed(victim, result)
        assert "Routing by RIM_ROUTER_ROUTES\n" in result.stdout
        assert f"Routing acme-core to {stage.private.url} (acme-* in RIM_ROUTER_ROUTES)\n" in result.stdout
        victim.pip("uninstall", "-y", "acme-core", "tool", check=True)
        stage.assert_impostor_won(victim, victim.pip("install", *stage.both, "tool"))

    def test_child_pips(self, stage: Stage, environments: Environments) -> None:
        """What a build needs comes from there too, by a path that the working directory gives its meaning."""
        victim = environments.equipped()
        page = victim.project / "index" / "acme-build"
        page.mkdir(parents=True)
        name = wheel("acme-build", "1.0", origin="private").write_to(page).name
        text = f'<!DOCTYPE html><title>Links for acme-build</title><a href="{name}">{name}</a>'
        (page / "index.html").write_text(text, encoding="utf-8")
        stage.public.add(sdist("victim", "1.0", origin="public", build_requires=["acme-build"]))
        result = victim.pip("install", *stage.both, "victim", env={ROUTES: "acme-build=./index victim=pip"})
        assert result.returncode == 0, str(result)
        assert not stage.public.asked_for("acme-build")
        victim.pip("install", "--force-reinstall", *stage.both, "victim", check=True)
        assert stage.public.asked_for("acme-build")

    def test_a_lock(self, stage: Stage, environments: Environments) -> None:
        """It cannot lead a locked name elsewhere; nor can a mistake in it pass for no route."""
        victim = environments.equipped()
        config = victim.home / ".config" / "rim-router"
        config.mkdir(parents=True)
        (config / "index-routing.toml").write_text(
            f'[indexes]\nacme = "{stage.private.url}"\n'
            '[routes]\n"acme-*" = { index = "acme", locked = true }\n',
            encoding="utf-8",
        )
        for text, reason in (
            (f"acme-core={stage.public.url}", "RIM_ROUTER_ROUTES, acme-core: acme-* is locked by"),
            ("acme-core", 'RIM_ROUTER_ROUTES: "acme-core": is no route'),
            ("other=nowhere", 'RIM_ROUTER_ROUTES, other: there is no index "nowhere"'),
        ):
            result = victim.pip("install", *stage.both, "acme-core", env={ROUTES: text})
            stage.assert_stopped(victim, result, reason)
        stage.assert_routed(
            victim, victim.pip("install", *stage.both, "acme-core", env={ROUTES: "acme-*=acme"})
        )

    def test_another_interpreter(self, stage: Stage, environments: Environments) -> None:
        """``pip --python``, and the switch."""
        driver, target = environments.equipped(), environments.plain()
        if not driver.offers("--python"):
            pytest.skip("this pip has no --python")
        command = ["--python", target.python, "install", *stage.both, "acme-core"]
        routes = {ROUTES: f"acme-*={stage.private.url}"}
        stage.assert_routed(target, driver.pip(*command, env=routes))
        target.pip("uninstall", "-y", "acme-core", check=True)
        result = driver.pip(*command, env={**routes, "RIM_ROUTER_DISABLE": "1"})
        stage.assert_impostor_won(target, result)
        assert "RIM_ROUTER_DISABLE=1 turns routing off; not applied: RIM_ROUTER_ROUTES\n" in result.stderr
