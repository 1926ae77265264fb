"""Package indexes for the demo: on loopback, of wheels made in memory, with a record of what was asked."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import ssl

_HTML = "text/html; charset=utf-8"
_PAGE = (
    '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0">'
    "<title>Links for {name}</title></head><body>{links}</body></html>"
)
_WHEEL = "Wheel-Version: 1.0\nGenerator: rim-router\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def make_wheel(name: str, version: str, greeting: str) -> tuple[str, bytes]:
    """A wheel with one module.

    :param name: normalised.
    :param greeting: what the module has in ``WHO``.
    :returns: file name and content.
    """
    module = name.replace("-", "_")
    dist_info = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": f"WHO = {greeting!r}\n",
        f"{dist_info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{dist_info}/WHEEL": _WHEEL,
    }
    record = []
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(text.encode())}\n")
        archive.writestr(f"{dist_info}/RECORD", "".join([*record, f"{dist_info}/RECORD,,\n"]))
    return f"{module}-{version}-py3-none-any.whl", buffer.getvalue()


class LoopbackIndex:
    """A PEP 503 index on a free port of 127.0.0.1, for the time of a ``with`` block.

    :param tls: the context to speak TLS with; None is plain HTTP.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._projects: dict[str, dict[str, bytes]] = {}
        self._asked: list[str] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.index = self
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            # The handshake belongs to the connection's own thread.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> LoopbackIndex:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """For ``--index-url``."""
        return f"{self._scheme}://{self.netloc}/simple"

    @property
    def netloc(self) -> str:
        """Host and port; with TLS a name, which a certificate can be for."""
        host = "127.0.0.1" if self._scheme == "http" else "localhost"
        return f"{host}:{self._server.server_port}"

    def file_url(self, name: str, filename: str) -> str:
        """Where a file of a project is."""
        return f"{self._scheme}://{self.netloc}/files/{name}/{filename}"

    def add(self, name: str, wheel: tuple[str, bytes]) -> None:
        """Offer a file on the page of a project, in the place of one of the same name."""
        self._projects.setdefault(name, {})[wheel[0]] = wheel[1]

    def asked_for(self, name: str) -> bool:
        """Whether anybody asked for the page or for a file of a project."""
        return any(f"/{name}/" in path for path in self._asked)

    def forget(self) -> None:
        """Forget what was asked so far."""
        self._asked.clear()

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """Content type and content for a path; None if there is nothing."""
        path = unquote(urlsplit(path).path)
        self._asked.append(path)
        kind, _, rest = path.lstrip("/").partition("/")
        name, _, filename = rest.partition("/")
        wheels = self._projects.get(name)
        if wheels is None:
            return None
        if kind == "simple" and not filename:
            links = "".join(
                f'<a href="/files/{name}/{each}#sha256={hashlib.sha256(content).hexdigest()}">{each}</a>'
                for each, content in wheels.items()
            )
            return _HTML, _PAGE.format(name=name, links=links).encode()
        if kind == "files" and filename in wheels:
            return "application/octet-stream", wheels[filename]
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    index: LoopbackIndex


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Answer, and close the connection."""
        found = self.server.index.answer(self.path)
        self.send_response(200 if found else 404)
        kind, content = found or ("text/plain", b"not found")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the demo tells what was asked."""
