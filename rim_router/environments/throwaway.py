"""A throw-away virtual environment with pip in it, in which nothing of the user's own set-up counts."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import TYPE_CHECKING

from rim_router.environments import transplant
from rim_router.errors import RimRouterError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OLDEST_PIP = (22, 2)
_TIMEOUT = 300  # seconds for one run of pip; with local servers it needs a few

# What configures pip, Python, the plugin, or the certificates that are trusted.
_CONFIGURING = (
    "PIP_",
    "PYTHON",
    "RIM_ROUTER_",
    "_RIM_ROUTER_",
    "VIRTUAL_ENV",
    "__PYVENV",
    "XDG_",
    "REQUESTS_CA_",
    "CURL_CA_",
    "SSL_CERT_",
)


class ThrowawayError(RimRouterError):
    """A virtual environment cannot be made."""

    reference = "throwaway-environment-failed"


class Throwaway:
    """A virtual environment and a project's directory; both vanish with the ``with`` block.

    :param project: an empty directory, the working directory of everything that is run.
    :param site_packages: where the environment has its packages.
    :param trusted: a file of certificates for pip to trust; None are the usual ones.
    """

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="rim-router-demo-")
        # Resolved, because a system's temporary directory may be a link, and pip shows where it leads.
        root = Path(self._directory.name).resolve()
        self.project = root / "project"
        self._home = root / "home"
        self._temporary = root / "tmp"
        self._venv = root / "venv"
        binaries = "Scripts" if os.name == "nt" else "bin"
        self._python = self._venv / binaries / ("python.exe" if os.name == "nt" else "python")
        self.site_packages = Path()
        self.trusted: Path | None = None

    def __enter__(self) -> Throwaway:
        try:
            for directory in (self.project, self._home, self._temporary):
                directory.mkdir()
            self._make()
        except BaseException:
            self._vanish()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._vanish()

    def _vanish(self) -> None:
        try:
            self._directory.cleanup()
        except KeyboardInterrupt:  # in the midst of it
            self._directory.cleanup()
            raise

    def pip(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run the environment's pip; standard error is part of the output."""
        return self._run("-m", "pip", *args)

    def installed(self, name: str) -> str | None:
        """The version of a project in the environment; None if it is not there."""
        found = [each.version for each in distributions(name=name, path=[str(self.site_packages)])]
        return found[0] if found else None

    def trust(self, certificates: str) -> None:
        """Let pip trust these certificates, as ``--cert`` does, and no others."""
        self.trusted = self._home / "certificates.pem"
        self.trusted.write_text(certificates, encoding="ascii")

    def add_plugin(self) -> None:
        """Install rim-router.

        :raises TransplantError: if this environment has not all that it needs.
        """
        transplant.write(transplant.plugin((sys.version_info[0], sys.version_info[1])), self.site_packages)

    def _make(self) -> None:
        try:
            # Links where they are usual: a copied interpreter does not find its libraries everywhere.
            form = "--copies" if os.name == "nt" else "--symlinks"
            # Without the site module no plugin is there to equip it, whatever table is in force here.
            made = [sys.executable, "-I", "-S", "-m", "venv", "--without-pip", form, str(self._venv)]
            subprocess.run(made, check=True, capture_output=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise ThrowawayError(
                f"a virtual environment cannot be made: {error}",
                hint="is Python's venv module installed? On Debian and Ubuntu: apt install python3-venv",
            ) from error
        found = self._run("-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        if found.returncode:
            raise ThrowawayError("the new virtual environment does not work", notes=found.stdout.splitlines())
        self.site_packages = Path(found.stdout.strip())
        self._add_pip()

    def _add_pip(self) -> None:
        """This environment's own pip, because that is what its user has; else the one that Python bundles."""
        if _own_pip() >= _OLDEST_PIP:
            transplant.write([transplant.installed("pip")], self.site_packages)
            return
        bundled = self._run("-m", "ensurepip", "--default-pip")
        if bundled.returncode:
            raise ThrowawayError(
                "there is no pip 22.2 or newer in this environment, and Python's ensurepip does not work",
                notes=bundled.stdout.splitlines()[-3:],
                hint="install or upgrade pip in this environment",
            )

    def _run(self, *args: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                [str(self._python), *args],
                cwd=self.project,
                env=dict(self._environment()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ThrowawayError(f"python {' '.join(args)} did not end within {_TIMEOUT} seconds") from error

    def _environment(self) -> Iterator[tuple[str, str]]:
        """The process's environment without anything that configures pip, Python, the plugin or proxies."""
        for name, value in os.environ.items():
            if not name.upper().startswith(_CONFIGURING) and not name.lower().endswith("_proxy"):
                yield name, value
        for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"):
            yield name, str(self._home)
        for name in ("TMPDIR", "TEMP", "TMP"):
            yield name, str(self._temporary)
        yield "XDG_CONFIG_DIRS", str(self._home / "xdg")  # where the machine's own table would be
        yield "PIP_CONFIG_FILE", os.devnull
        yield "PIP_DISABLE_PIP_VERSION_CHECK", "1"
        if self.trusted is not None:
            yield "PIP_CERT", str(self.trusted)
        yield "PYTHONIOENCODING", "utf-8"
        yield "NO_PROXY", "*"
        yield "no_proxy", "*"


def _own_pip() -> tuple[int, ...]:
    """The version of this environment's pip; empty if it has none."""
    try:
        return tuple(int(part) for part in version("pip").split(".")[:2] if part.isdigit())
    except PackageNotFoundError:
        return ()
