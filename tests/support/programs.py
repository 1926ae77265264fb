"""Programs that are not ours, as they come from a package registry: installed once in a run, and run."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from tests.support.environments import once, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.support.environments import Workshop

# On loopback nothing goes through a proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def programs(workshop: Workshop, *names: str) -> Path:
    """The programs of an environment into which the machine's own pip has installed these projects."""

    def make(path: Path) -> None:
        run([sys.executable, "-m", "venv", path])
        run(
            [
                path / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                *names,
            ]
        )

    # In the run's own directory: an environment cannot be moved, and its scripts are started with its Python.
    return once(workshop.shared / "programs" / "+".join(names), make) / "bin"


@contextlib.contextmanager
def serving(
    command: Sequence[str | Path], url: str, log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a server until it is no longer needed; wait until it answers.

    :param environ: variables to add.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "RIM_ROUTER_"))}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(word) for word in command], stdout=output, stderr=output, env={**kept, **(environ or {})}
        )
    try:
        deadline = time.monotonic() + 120
        while not _answers(url):
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        with DIRECT.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
