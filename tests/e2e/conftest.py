"""The stage of the end-to-end tests: a public index with impostors, a private one with the real thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.support.wheels import sdist, wheel

if TYPE_CHECKING:
    from tests.support.environments import Environment, Result
    from tests.support.servers import IndexServer
    from tests.support.wheels import Artifact


@dataclass
class Stage:
    """Two indexes.

    :param public: has ``acme-core`` and ``acme-build`` 99.0, the impostors, and what depends on them.
    :param private: has the real ones, 1.0.
    """

    public: IndexServer
    private: IndexServer
    impostor: Artifact
    real: Artifact

    @property
    def both(self) -> list[str]:
        """The options that give both indexes to pip, as its users do."""
        return ["--index-url", self.private.url, "--extra-index-url", self.public.url]

    def route(self, environment: Environment, **policy: object) -> None:
        """Route ``acme-*`` to the private index, in the environment's project directory."""
        environment.route({"acme": self.private.url}, {"acme-*": "acme"}, policy)

    def assert_impostor_won(self, environment: Environment, result: Result) -> None:
        """Plain pip installed what the attacker made."""
        assert result.returncode == 0, str(result)
        assert environment.origin("acme_core") == "public", str(result)

    def assert_routed(self, environment: Environment, result: Result, name: str = "acme-core") -> None:
        """The real project was installed, and the public index never heard of its name."""
        assert result.returncode == 0, str(result)
        assert environment.origin(name.replace("-", "_")) == "private", str(result)
        assert environment.installed()[name] == "1.0"
        assert not self.public.asked_for(name), str(result)
        assert self.private.asked_for(name)

    def assert_stopped(self, environment: Environment, result: Result, *reasons: str) -> None:
        """pip failed and said why, nothing was installed, and the public index never heard of the name."""
        assert result.returncode != 0, str(result)
        assert environment.origin("acme_core") is None, str(result)
        assert not self.public.asked_for("acme-core"), str(result)
        assert "Traceback" not in result.output, str(result)
        for reason in reasons:
            assert reason.lower() in result.words.lower(), f"{reason!r} is not in:\n{result}"


@pytest.fixture
def stage(public: IndexServer, private: IndexServer) -> Stage:
    """The two indexes with their packages."""
    impostor = public.add(wheel("acme-core", "99.0", origin="public"))
    real = private.add(wheel("acme-core", "1.0", origin="private"))
    public.add(wheel("acme-build", "99.0", origin="public"))
    private.add(wheel("acme-build", "1.0", origin="private"))
    public.add(wheel("tool", "1.0", origin="public", requires=["acme-core"]))
    public.add(wheel("leaf", "1.0", origin="public"))
    public.add(sdist("built", "1.0", origin="public", build_requires=["acme-build"]))
    public.add(sdist("late", "1.0", origin="public", dynamic_build_requires=["acme-build"]))
    return Stage(public, private, impostor, real)
