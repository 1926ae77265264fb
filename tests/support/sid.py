"""Runs tests on the Pythons of Debian sid, which are newer than those that a stable system has.

They need their own C library, so they get a file system of their own: debootstrap makes one in a folder,
once, and the tests run in it by chroot. What they need from a package registry is fetched by this machine's
pip, as it is configured; in there nothing is reached but loopback.

Needs root, and Debian or what is made from it; elsewhere nothing is run, and the reason is said.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.14", "3.15")
# The oldest pip that supports the first of them is what another one is replaced by and with.
PIPS = ("pip", "pip==25.3")
TESTS = (
    "tests/unit/environments/test_startup.py",
    "tests/seams/test_seams.py",
    "tests/e2e/test_inert.py",
    "tests/e2e/test_attacks.py",
    "tests/e2e/test_survival.py",
    "tests/e2e/test_demo.py",
)
_NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "build", "dist")


def run(*command: str | Path, quiet: bool = True) -> int:
    """Run a program; what a quiet one says is shown only if it fails."""
    pipe = subprocess.PIPE if quiet else None
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=pipe, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode and quiet:
        print(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}", file=sys.stderr)
    return done.returncode


def must(*command: str | Path) -> None:
    """Run a program that must not fail.

    :raises SystemExit: if it does.
    """
    if run(*command):
        raise SystemExit(1)


def reason_against() -> str | None:
    """Why it cannot be done on this machine; None if it can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "it takes root to make a file system of its own for Debian sid"
    if shutil.which("apt-get") is None:
        return "this is no Debian, which debootstrap comes from"
    return None


def place(directory: Path) -> Path:
    """The file system, made if it is not there or does not work; it has its name only when it is complete."""
    probe = ("-c", "import ensurepip")
    if directory.exists() and not any(run("chroot", directory, f"python{each}", *probe) for each in PYTHONS):
        return directory
    if shutil.which("debootstrap") is None:
        must("apt-get", "-qq", "update")
        must("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "install", "-y", "debootstrap")
    unfinished = directory.with_name(directory.name + ".unfinished")
    for old in (directory, unfinished):
        shutil.rmtree(old, ignore_errors=True)
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    packages = ",".join(f"python{version}-venv" for version in PYTHONS)
    must("debootstrap", "--variant=minbase", f"--include={packages}", "sid", unfinished)
    (unfinished / "etc" / "hosts").write_text("127.0.0.1 localhost\n", encoding="utf-8")
    unfinished.rename(directory)
    return directory


def fetch(directory: Path, requirements: list[str]) -> None:
    """Download wheels for each of the Pythons with this machine's pip."""
    directory.mkdir(exist_ok=True)
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
    for version in PYTHONS:
        binary = ("--only-binary", ":all:", "--python-version", version)
        must(*pip, "--dest", directory, *binary, *requirements)
    for each in PIPS:
        must(*pip, "--dest", directory, "--no-deps", each)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--place", type=Path, default=Path("/var/cache/rim-router/sid"), help="%(default)s")
    parser.add_argument("--need", nargs="+", default=[], metavar="REQUIREMENT", help="what the tests need")
    parser.add_argument("options", nargs="*", help="for pytest, tests in place of the usual ones among them")
    options = parser.parse_args()
    reason = reason_against()
    if reason is not None:
        print(f"not run on Python {' and '.join(PYTHONS)}: {reason}")
        return 0
    root = place(options.place)
    for name in ("checkout", "wheels"):
        shutil.rmtree(root / name, ignore_errors=True)
    shutil.copytree(ROOT, root / "checkout", ignore=_NOT_COPIED)
    fetch(root / "wheels", options.need)
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/root",
        "LC_ALL": "C.UTF-8",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": "/wheels",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "RIM_ROUTER_TEST_CACHE": "/tmp/rim-router",
    }
    variables = [f"{key}={value}" for key, value in environ.items()]
    within: tuple[str | Path, ...] = ("chroot", root, "env", "-i", "-C", "/checkout", *variables)
    must(*within, f"python{PYTHONS[-1]}", "-m", "venv", "--clear", "/tests")
    must(*within, "/tests/bin/python", "-m", "pip", "install", "--quiet", *options.need)
    # One run for all of them: each test runs with each Python that is there.
    pytest = ("/tests/bin/python", "-m", "pytest", "--pip-matrix=pythons", "-n", "2", "--dist", "worksteal")
    named = any((ROOT / each.partition("::")[0]).exists() for each in options.options)
    return run(*within, *pytest, *options.options, *(() if named else TESTS), quiet=False)


if __name__ == "__main__":
    sys.exit(main())
