"""An nginx that runs what ``rim-router export nginx`` prints."""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from rim_router.cli import main
from tests.support.nginx import NGINX
from tests.support.tables import table


class Exported:
    """A running nginx.

    :param directory: gets the configuration, the cache and the logs.
    :param text: the configuration.
    :ivar address: where it listens, which the configuration has to say.
    """

    def __init__(self, directory: Path, text: str, address: str) -> None:
        assert NGINX is not None
        self.directory = directory
        self.host, _, port = address.rpartition(":")
        self.port = int(port)
        (directory / "rim-router.conf").write_text(text, encoding="utf-8")
        command = [NGINX, "-p", f"{directory}/", "-c", "rim-router.conf", "-g", "daemon off;"]
        # As root it would give its workers to another user, who cannot write below a private directory.
        if os.name == "posix" and os.getuid() == 0:
            command[-1] += " user root;"
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self._wait()

    @property
    def url(self) -> str:
        """The URL for ``--index-url``."""
        return f"http://{self.host}:{self.port}/simple/"

    def _wait(self) -> None:
        end = time.monotonic() + 30  # a net, and no measure
        while time.monotonic() < end:
            if self._process.poll() is not None:
                assert self._process.stderr is not None
                raise AssertionError(self._process.stderr.read())
            with socket.socket() as probe:
                if probe.connect_ex((self.host, self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError("nginx does not listen")

    def get(self, path: str, accept: str = "text/html", method: str = "GET") -> tuple[int, str, str]:
        """Status, body and ``Location`` of one answer."""
        answer = self.answer(path, accept, method)
        body = answer.read().decode("utf-8", "replace")
        return answer.status, body, answer.headers.get("Location", "")

    def answer(
        self, path: str, accept: str = "text/html", method: str = "GET", **headers: str
    ) -> http.client.HTTPResponse:
        """One answer.

        :param headers: further ones; underscores stand for hyphens.
        """
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers={"Accept": accept, "Connection": "close", **more})
        return connection.getresponse()

    def workers(self) -> list[int]:
        """The processes that answer."""
        children = f"/proc/{self._process.pid}/task/{self._process.pid}/children"
        with open(children, encoding="ascii") as file:  # noqa: PTH123
            return [int(each) for each in file.read().split()]

    def close(self) -> None:
        """End it, unless that has been done."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate()


def write_credentials(directory: Path, text: str, line: str) -> None:
    """Write the files of credentials that a configuration includes, each with one line."""
    (directory / "credentials").mkdir(exist_ok=True)
    for name in re.findall(r"include (credentials/[^;]+);", text):
        (directory / name).write_text(f"{line}\n", encoding="utf-8")


def free_address() -> str:
    """An address on loopback at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def export_nginx(
    place: Path, indexes: dict[str, Any], routes: dict[str, Any], *options: str
) -> tuple[str, str]:
    """What ``rim-router export nginx`` prints for a table, and what it says of a table that it refuses.

    :param place: gets the table.
    """
    (place / "index-routing.toml").write_text(table(indexes, routes), encoding="utf-8")
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setattr("platformdirs.site_config_path", lambda name: Path("nowhere") / name)
        patch.setattr("platformdirs.user_config_path", lambda name: Path("nowhere") / name)
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["export", "nginx", *options])
    assert (code == 0) is bool(out.getvalue()) is not bool(err.getvalue())
    return out.getvalue(), err.getvalue()
