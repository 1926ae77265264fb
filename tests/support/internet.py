"""A stand-in for the internet: a proxy that leads pypi.org to an index on loopback, and all else nowhere."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.support.servers import HEED, IndexServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.servers import Authority

# What pypi.org and its files are served under.
PYPI = ("pypi.org", "files.pythonhosted.org")
# A tunnel in which nothing moves for that long is given up, in seconds.
_IDLE = 30


class _Proxy(BaseHTTPRequestHandler):
    server: _Listener

    def do_CONNECT(self) -> None:
        host = self.path.rpartition(":")[0]
        self.server.internet.hosts.append(host)
        self.close_connection = True
        if host not in PYPI:
            self.send_error(502)
            return
        with socket.create_connection(("127.0.0.1", self.server.internet.pypi.port)) as there:
            self.send_response(200)
            self.end_headers()
            _connect(self.connection, there)

    def do_GET(self) -> None:
        self.server.internet.hosts.append(self.path)
        self.send_error(502)

    do_HEAD = do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: what is asked for is recorded."""


class _Listener(ThreadingHTTPServer):
    internet: Internet
    daemon_threads = True


def _connect(one: socket.socket, other: socket.socket) -> None:
    """Carry what each end says to the other until one of them is done."""
    ends = {one: other, other: one}
    with contextlib.suppress(OSError):
        while True:
            ready = select.select(list(ends), [], [], _IDLE)[0]
            for end in ready:
                data = end.recv(1 << 16)
                if not data:
                    return
                ends[end].sendall(data)
            if not ready:
                return


class Internet:
    """What is beyond loopback, for programs that heed the usual variables for proxies and certificates.

    :ivar pypi: the index that they find under the name of pypi.org.
    :ivar hosts: the hosts that were asked for, or URLs where it was plain HTTP.
    """

    def __init__(self, authority: Authority) -> None:
        self.pypi = IndexServer("pypi.org", tls=authority.context(*PYPI))
        self.hosts: list[str] = []
        self._bundle = str(authority.bundle)
        self._listener = _Listener(("127.0.0.1", 0), _Proxy)
        self._listener.internet = self
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(HEED,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Internet:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()
        self.pypi.close()

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables that lead a program here."""
        proxy = f"http://127.0.0.1:{self._listener.server_port}"
        ways = {f"{name}_proxy": proxy for name in ("http", "https", "all")}
        ways["no_proxy"] = "localhost,127.0.0.1"
        trust = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"), self._bundle)
        return {**ways, **{name.upper(): value for name, value in ways.items()}, **trust}
