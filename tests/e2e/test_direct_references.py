"""A URL in place of a name is a way around every index: for claimed names it is judged by the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import pytest

from tests.support.wheels import wheel

if TYPE_CHECKING:
    from tests.conftest import Environments
    from tests.e2e.conftest import Stage
    from tests.support.environments import Environment

Reference = Callable[["Stage", "Environment", str], "list[str]"]


def named(stage: Stage, victim: Environment, url: str) -> list[str]:
    return [f"acme-core @ {url}"]


def bare_url(stage: Stage, victim: Environment, url: str) -> list[str]:
    return [url]


def in_requirements(stage: Stage, victim: Environment, url: str) -> list[str]:
    path = victim.project / "requirements.txt"
    path.write_text(f"acme-core @ {url}\n", encoding="utf-8")
    return ["-r", str(path)]


def in_constraints(stage: Stage, victim: Environment, url: str) -> list[str]:
    path = victim.project / "constraints.txt"
    path.write_text(f"acme-core @ {url}\n", encoding="utf-8")
    return ["-c", str(path), "acme-core"]


def in_a_dependency(stage: Stage, victim: Environment, url: str) -> list[str]:
    stage.public.add(wheel("sneaky", "1.0", origin="public", requires=[f"acme-core @ {url}"]))
    return ["sneaky"]


REFERENCES: tuple[Reference, ...] = (named, bare_url, in_requirements, in_constraints, in_a_dependency)
references = pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: reference.__name__)


@references
class TestToTheImpostor:
    """The URL leads to the impostor on a host that the table does not know."""

    def test_plain_pip_installs_it(
        self, reference: Reference, stage: Stage, environments: Environments
    ) -> None:
        """The attack is one."""
        victim = environments.plain()
        args = reference(stage, victim, stage.public.file_url(stage.impostor))
        stage.assert_impostor_won(victim, victim.pip("install", *stage.both, *args))

    @pytest.mark.parametrize("fragment", ["", "#md5="], ids=["no hash", "weak hash"])
    def test_refused(
        self, fragment: str, reference: Reference, stage: Stage, environments: Environments
    ) -> None:
        """Without a strong hash it is refused before anything is downloaded."""
        victim = environments.equipped()
        stage.route(victim)
        url = stage.public.file_url(stage.impostor)
        if fragment:
            url += fragment + stage.impostor.digest("md5")
        args = reference(stage, victim, url)
        result = victim.pip("install", *stage.both, *args)
        stage.assert_stopped(victim, result, "acme-core", stage.public.netloc)

    def test_denied_with_a_hash(self, reference: Reference, stage: Stage, environments: Environments) -> None:
        """With ``policy.direct-references = "deny"`` a hash does not help."""
        victim = environments.equipped()
        stage.route(victim, **{"direct-references": "deny"})
        url = f"{stage.public.file_url(stage.impostor)}#sha256={stage.impostor.digest()}"
        args = reference(stage, victim, url)
        stage.assert_stopped(victim, victim.pip("install", *stage.both, *args), "direct-references")


class TestAllowed:
    """What rule 4.5 allows."""

    @pytest.mark.parametrize("reference", REFERENCES[:-1], ids=lambda reference: reference.__name__)
    def test_with_a_strong_hash(self, reference: Reference, stage: Stage, environments: Environments) -> None:
        """A sha256 that the user gives is the user's word for the content."""
        victim = environments.equipped()
        stage.route(victim)
        url = f"{stage.public.file_url(stage.impostor)}#sha256={stage.impostor.digest()}"
        args = reference(stage, victim, url)
        victim.pip("install", *stage.both, *args, check=True)
        assert victim.origin("acme_core") == "public"

    @references
    def test_at_the_routes_own_index(
        self, reference: Reference, stage: Stage, environments: Environments
    ) -> None:
        """The index that the route names may be referred to directly."""
        victim = environments.equipped()
        stage.route(victim)
        args = reference(stage, victim, stage.private.file_url(stage.real))
        stage.assert_routed(victim, victim.pip("install", *stage.both, *args))

    def test_local_file(self, stage: Stage, environments: Environments) -> None:
        """A path is the user's own business."""
        victim = environments.equipped()
        stage.route(victim)
        victim.pip("install", stage.impostor.write_to(victim.place / "files"), check=True)
        assert victim.origin("acme_core") == "public"

    @pytest.mark.parametrize("form", ["acme-core @ {}", "{}"], ids=["named", "bare"])
    @pytest.mark.parametrize("right", [True, False])
    def test_with_a_hash_beside_it(
        self, form: str, right: bool, stage: Stage, environments: Environments
    ) -> None:
        """``--hash`` in a requirements file is the user's word as well, whoever names that URL besides."""
        victim = environments.equipped()
        stage.route(victim)
        url = stage.public.file_url(stage.impostor)
        sneaky = stage.public.add(wheel("sneaky", "1.0", origin="public", requires=[f"acme-core @ {url}"]))
        requirements = victim.project / "requirements.txt"
        digest = stage.impostor.digest() if right else "0" * 64
        requirements.write_text(
            f"{form.format(url)} --hash=sha256:{digest}\nsneaky==1.0 --hash=sha256:{sneaky.digest()}\n",
            encoding="utf-8",
        )
        result = victim.pip("install", *stage.both, "-r", requirements)
        assert (result.returncode == 0) is right, str(result)
        assert victim.origin("acme_core") == ("public" if right else None)

    def test_by_policy(self, stage: Stage, environments: Environments) -> None:
        """With ``policy.direct-references = "allow"`` nothing is asked."""
        victim = environments.equipped()
        stage.route(victim, **{"direct-references": "allow"})
        victim.pip("install", *stage.both, f"acme-core @ {stage.public.file_url(stage.impostor)}", check=True)
        assert victim.origin("acme_core") == "public"

    def test_names_that_are_not_claimed(self, stage: Stage, environments: Environments) -> None:
        """Other names are pip's business."""
        victim = environments.equipped()
        stage.route(victim)
        leaf = wheel("leaf", "2.0", origin="elsewhere")
        victim.pip("install", f"leaf @ {stage.public.host(leaf)}", check=True)
        assert victim.origin("leaf") == "elsewhere"


class TestOtherReferences:
    """Version control and lock files."""

    def test_version_control(self, stage: Stage, environments: Environments) -> None:
        """A VCS URL never carries a hash, so it is refused before the repository is asked for."""
        victim = environments.equipped()
        stage.route(victim)
        result = victim.pip("install", f"acme-core @ git+{stage.public.base}/acme-core.git")
        stage.assert_stopped(victim, result, "acme-core", stage.public.netloc)
        assert not stage.public.requests

    @pytest.mark.parametrize("algorithm", ["md5", "sha256"])
    def test_lock_file(self, algorithm: str, stage: Stage, environments: Environments) -> None:
        """An entry of a lock file is a direct reference: refused without a strong hash."""
        victim = environments.equipped()
        if environments.pip_version < (26, 1):
            pytest.skip("this pip reads no lock files")
        stage.route(victim)
        lock = victim.project / "pylock.toml"
        lock.write_text(
            'lock-version = "1.0"\ncreated-by = "an attacker"\n'
            '[[packages]]\nname = "acme-core"\nversion = "99.0"\n'
            f'[[packages.wheels]]\nname = "{stage.impostor.filename}"\n'
            f'url = "{stage.public.file_url(stage.impostor)}"\n'
            f'hashes = {{ {algorithm} = "{stage.impostor.digest(algorithm)}" }}\n',
            encoding="utf-8",
        )
        result = victim.pip("install", "-r", lock)
        if algorithm == "sha256":
            assert result.returncode == 0, str(result)
            assert victim.origin("acme_core") == "public"
        else:
            stage.assert_stopped(victim, result, "acme-core")
