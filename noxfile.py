"""What developers and CI run: `nox -l` lists it, `nox -s NAME` runs one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True
nox.options.sessions = ["lint", "types", "tests"]

GROUPS = nox.project.load_toml("pyproject.toml")
PYTHONS = ["3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]

# Version managers keep interpreters where nothing on PATH leads to: behind what is there, they do no harm.
os.environ["PATH"] = os.pathsep.join(
    [os.environ.get("PATH", os.defpath), *map(str, sorted(Path.home().glob(".pyenv/versions/3.*/bin")))]
)
# Every process would compile the tests anew, and every pip of a demo all of pip.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def _install(session: nox.Session, *groups: str, itself: bool = False) -> None:
    requirements = nox.project.dependency_groups(GROUPS, *groups)
    session.install("--quiet", "--disable-pip-version-check", *requirements, *(["-e", "."] if itself else []))


def _shared_out() -> list[str]:
    """The options by which pytest uses all cores."""
    return ["-n", "2" if (os.cpu_count() or 1) < 4 else "auto", "--dist", "worksteal"]


# Of the end-to-end tests of ages, the one that makes up URLs.
NAMES = "tests/e2e/test_age.py::TestAge::test_the_name_of_a_file"


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, and the walls between the packages (banned imports)."""
    _install(session, "lint")
    session.run("ruff", "check", *(session.posargs or ["."]))


@nox.session
def workflows(session: nox.Session) -> None:
    """Check the workflows of CI; what pip builds for that downloads actionlint from its own releases."""
    _install(session, "workflows")
    session.run("actionlint", *sorted(map(str, Path(".github/workflows").glob("*.yml"))))


@nox.session
def types(session: nox.Session) -> None:
    """Check types, for Python 3.9."""
    _install(session, "types")
    session.run("mypy", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests, each pip once and each Python once where those are here."""
    _install(session, "test", itself=True)
    session.run("pytest", *_shared_out(), *session.posargs)


@nox.session
def quick(session: nox.Session) -> None:
    """Run what starts no pip and the attacks, or the tests that are named, on the newest pip only."""
    _install(session, "test", itself=True)
    # What to name for which change, CONTRIBUTING.md says.
    pure = ["tests/unit", "tests/property", "tests/fuzz", "tests/test_architecture.py"]
    chosen = [*pure, "tests/seams", "tests/e2e/test_attacks.py"]
    session.run("pytest", "--pip-matrix=newest", *_shared_out(), *(session.posargs or chosen))


@nox.session
def tools(session: nox.Session) -> None:
    """Run what needs tools and index servers as they come from a registry, such as tox, pipx and Ansible."""
    _install(session, "test", itself=True)
    session.run("pytest", "-m", "tools", "--pip-matrix=newest", *_shared_out(), "tests/e2e", *session.posargs)


@nox.session
def sid(session: nox.Session) -> None:
    """Run what shows that pip is routed, on the Pythons of Debian sid, in a folder made for that."""
    needs = [*nox.project.dependency_groups(GROUPS, "test"), *GROUPS["project"]["dependencies"], "editables"]
    session.run("python", "tests/support/sid.py", "--need", *needs, "--", *session.posargs)


@nox.session(python=PYTHONS)
def unit(session: nox.Session) -> None:
    """Run the tests that start no pip, on one Python after the other."""
    _install(session, "test", itself=True)
    paths = [path for path in ("tests/unit", "tests/property", "tests/fuzz") if Path(path).exists()]
    session.run("pytest", *paths, *session.posargs)


@nox.session
def matrix(session: nox.Session) -> None:
    """Run every end-to-end test on every pip with every Python that it supports."""
    _install(session, "test", itself=True)
    session.run("pytest", "--pip-matrix=full", *_shared_out(), "tests/e2e", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Try 100,000 inputs from strangers, in each test that makes them up; takes an hour or more."""
    _install(session, "test", itself=True)
    session.run(
        "pytest",
        "--pip-matrix=ends",
        "--timeout=0",
        "-rP",
        *(session.posargs or ["tests/fuzz", "tests/e2e/test_url_readers.py", NAMES]),
        env={"RIM_ROUTER_FUZZ_EXAMPLES": "100000"},
    )


@nox.session
def bench(session: nox.Session) -> None:
    """Run the comparisons with peers; they print tables and judge nothing."""
    _install(session, "test", itself=True)
    # By the names given, such as `nox -s bench -- startup`, or all that can be run.
    runnable = [
        path.stem for path in sorted(Path("bench").glob("*.py")) if "__main__" in path.read_text("utf-8")
    ]
    for name in session.posargs or runnable:
        session.run("python", "-m", f"bench.{name}")


@nox.session
def docs(session: nox.Session) -> None:
    """Make the site and the manual pages in site/, and check that they say what the code does."""
    _install(session, "docs", itself=True)
    # Every link into another page is followed, and a warning is an error.
    for kind in ("html", "man"):
        session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", kind, "docs", f"site/{kind}")
    paths = sorted(map(str, Path("tests").rglob("test_doc*.py")))
    if not paths:
        session.error("there are no tests of the documentation")
    session.run("pytest", *paths, *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the source distribution and the wheel, into dist/."""
    session.install("--quiet", "--disable-pip-version-check", "build>=1.2")
    session.run("python", "-m", "build", *session.posargs)


if __name__ == "__main__":
    sys.exit("run it with nox, for example: nox -s tests")
