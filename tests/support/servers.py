"""Package indexes on loopback that record every request and can be told to misbehave."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import re
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import quote, unquote, urlsplit

import trustme

from tests.support.wheels import Artifact, normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "text/html; charset=utf-8"
# How often a server looks whether it is to stop, in seconds: every test waits for that.
HEED = 0.01


class Authority:
    """A certificate authority of the tests.

    :param bundle: its certificate, for ``--cert``.
    """

    def __init__(self, directory: Path) -> None:
        self._ca = trustme.CA()
        self.bundle = directory / "authority.pem"
        self._ca.cert_pem.write_to_path(str(self.bundle))

    def context(self, *names: str) -> ssl.SSLContext:
        """What a server needs to speak TLS under these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context

    def client(self, path: Path) -> Path:
        """Write a client's certificate and key, for ``--client-cert``."""
        self._ca.issue_cert("somebody@private.example").private_key_and_cert_chain_pem.write_to_path(
            str(path)
        )
        return path


@dataclass(frozen=True)
class Request:
    """One request that a server got."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def file(self) -> str:
        """The last part of the path, unquoted."""
        return unquote(urlsplit(self.path).path.rstrip("/").rpartition("/")[2])

    @property
    def project(self) -> str | None:
        """The normalised name of the project whose page or file is asked for."""
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/simple/"):
            return normalise(path.split("/")[2]) or None
        if path.startswith("/files/"):
            match = re.match(r"(.+?)-\d", self.file)
            return normalise(match[1]) if match else None
        return None


@dataclass(frozen=True)
class Offer:
    """A file as an index page shows it.

    :param hashes: algorithms, in the order of the page; HTML can show only the first.
    :param core_metadata: PEP 658: True announces it without a digest, a name with that digest.
    :param yanked: True, or the reason.
    :param url: where the file is; None is this server.
    :param uploaded: its upload time (PEP 700), which only JSON can show.
    """

    artifact: Artifact
    hashes: tuple[str, ...] = ("sha256",)
    core_metadata: bool | str = False
    yanked: bool | str = False
    requires_python: str | None = None
    url: str | None = None
    uploaded: str | None = None

    def metadata_digest(self) -> dict[str, str] | bool:
        if isinstance(self.core_metadata, bool):
            return self.core_metadata
        probe = Artifact("", "", "", self.artifact.metadata, b"")
        return {self.core_metadata: probe.digest(self.core_metadata)}

    def as_json(self, url: str) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "filename": self.artifact.filename,
            "url": url,
            "hashes": {name: self.artifact.digest(name) for name in self.hashes},
            "size": len(self.artifact.data),
        }
        if self.requires_python is not None:
            entry["requires-python"] = self.requires_python
        if self.uploaded is not None:
            entry["upload-time"] = self.uploaded
        if self.yanked:
            entry["yanked"] = self.yanked
        if self.core_metadata:
            entry["core-metadata"] = entry["dist-info-metadata"] = self.metadata_digest()
        return entry

    def as_html(self, url: str) -> str:
        if self.hashes:
            url += f"#{self.hashes[0]}={self.artifact.digest(self.hashes[0])}"
        attributes = {"href": url}
        if self.requires_python is not None:
            attributes["data-requires-python"] = self.requires_python
        if self.yanked:
            attributes["data-yanked"] = self.yanked if isinstance(self.yanked, str) else ""
        if self.core_metadata:
            digest = self.metadata_digest()
            text = "true" if isinstance(digest, bool) else "=".join(*digest.items())
            attributes["data-core-metadata"] = attributes["data-dist-info-metadata"] = text
        shown = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
        return f"<a {shown}>{html.escape(self.artifact.filename)}</a><br>"


def html_page(title: str, anchors: Iterable[str], metas: Mapping[str, str] | None = None) -> str:
    """A PEP 503 page, or a flat page of links.

    :param metas: what it says of itself and its project, without ``pypi:``.
    """
    body = "\n".join(anchors)
    said = {"repository-version": "1.0", **(metas or {})}
    head = "".join(f'<meta name="pypi:{name}" content="{html.escape(text)}">' for name, text in said.items())
    return f"<!DOCTYPE html>\n<html><head>{head}<title>{title}</title></head><body>\n{body}\n</body></html>\n"


class Exchange(BaseHTTPRequestHandler):
    """One request and its answer."""

    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        self.server.owner.answer(self)

    do_HEAD = do_POST = do_GET

    def reply(
        self, status: int, body: bytes | str = b"", content_type: str = HTML_TYPE, **headers: str
    ) -> None:
        """Answer with a whole body; underscores in header names stand for hyphens."""
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: requests are recorded."""


Behaviour = Callable[[Exchange], bool]
"""Does something with a request; True if it has answered it, False to go on as usual."""


def status(code: int, body: str = "") -> Behaviour:
    """Answer with a status."""

    def act(exchange: Exchange) -> bool:
        headers = {"WWW_Authenticate": 'Basic realm="index"'} if code == HTTPStatus.UNAUTHORIZED else {}
        exchange.reply(code, body or HTTPStatus(code).phrase, **headers)
        return True

    return act


def login_page(exchange: Exchange) -> bool:
    """Answer 200 with HTML that is no index page, as captive portals and single sign-on do."""
    exchange.reply(
        200, "<!DOCTYPE html><html><body><form action='/login'>Please sign in</form></body></html>"
    )
    return True


def empty_page(exchange: Exchange) -> bool:
    """Answer with a page that says by nothing but its type that it is one, as morgan does."""
    exchange.reply(200, "<html><body></body></html>", "application/vnd.pypi.simple.v1+html")
    return True


def wrong_type(exchange: Exchange) -> bool:
    """Answer 200 with a type that no index has."""
    exchange.reply(200, "%PDF-1.7", "application/pdf")
    return True


def invalid_json(exchange: Exchange) -> bool:
    """Answer 200 with the type of an index and a body that is cut off."""
    exchange.reply(200, '{"meta": {"api-version": "1.0"}, "files": [', JSON_TYPE)
    return True


def unknown_charset(exchange: Exchange) -> bool:
    """Answer 200 with an index page in an encoding that nobody knows."""
    page = "<!DOCTYPE html><title>Links for acme-core</title><a href='acme_core-1.0-py3-none-any.whl'>1</a>"
    exchange.reply(200, page, "text/html; charset=klingon")
    return True


def drop(exchange: Exchange) -> bool:
    """Close the connection without an answer."""
    exchange.close_connection = True
    with contextlib.suppress(OSError):
        exchange.connection.shutdown(socket.SHUT_RDWR)
    return True


def redirect(url: str, code: int = 302) -> Behaviour:
    """Send the client elsewhere."""

    def act(exchange: Exchange) -> bool:
        exchange.reply(code, Location=url)
        return True

    return act


def latency(seconds: float) -> Behaviour:
    """Answer as usual, later."""

    def act(exchange: Exchange) -> bool:
        time.sleep(seconds)
        return False

    return act


class _Listener(ThreadingHTTPServer):
    owner: IndexServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up or does not like the certificate is part of the tests.
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@dataclass
class IndexServer:
    """A package index, listening from its making until :meth:`close`.

    :param name: what its files say in ``ORIGIN``, if the test follows that custom.
    :param tls: the context to speak TLS with; None is plain HTTP.
    :param html_only: never answer in JSON (PEP 691).
    :param credentials: user and password that every request must carry.
    """

    name: str = "index"
    tls: ssl.SSLContext | None = None
    html_only: bool = False
    credentials: tuple[str, str] | None = None
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._offers: dict[str, list[Offer]] = {}
        self._files: dict[str, Artifact] = {}
        self._behaviours: dict[str, Behaviour] = {}
        self._statuses: dict[str, dict[str, str]] = {}
        self._listener = _Listener(("127.0.0.1", 0), Exchange)
        self._listener.owner = self
        if self.tls is not None:
            # The handshake belongs to the connection's own thread.
            self._listener.socket = self.tls.wrap_socket(
                self._listener.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(HEED,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening; from now on connections are refused."""
        if self._thread.is_alive():
            self._listener.shutdown()
            self._listener.server_close()
            self._thread.join()

    def __enter__(self) -> IndexServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What it has

    @property
    def netloc(self) -> str:
        """Host and port; a name and not an address, because some pips fail on TLS to addresses."""
        return f"localhost:{self.port}"

    @property
    def port(self) -> int:
        """The port on loopback."""
        return self._listener.server_port

    @property
    def base(self) -> str:
        """The URL without a path."""
        return f"{'http' if self.tls is None else 'https'}://{self.netloc}"

    @property
    def url(self) -> str:
        """The URL for ``--index-url``."""
        return f"{self.base}/simple/"

    @property
    def flat_url(self) -> str:
        """The URL of one page with every file, for ``--find-links``."""
        return f"{self.base}/flat/"

    def file_url(self, artifact: Artifact) -> str:
        """The URL of a file, whether the server has it or not."""
        return f"{self.base}/files/{quote(artifact.filename)}"

    def host(self, artifact: Artifact) -> str:
        """Serve a file that no page shows; returns its URL."""
        self._files[artifact.filename] = artifact
        return self.file_url(artifact)

    def add(
        self,
        artifact: Artifact,
        *,
        hashes: tuple[str, ...] = ("sha256",),
        core_metadata: bool | str = False,
        yanked: bool | str = False,
        at: IndexServer | str | None = None,
        uploaded: str | None = None,
    ) -> Artifact:
        """Show a file on its project's page, and serve it unless it is elsewhere.

        :param at: another server, which then serves the file, or the URL of the file.
        :param uploaded: its upload time, as the page gives it.
        """
        if isinstance(at, str):
            url: str | None = at
        elif at is not None:
            url = at.host(artifact)
        else:
            self.host(artifact)
            url = None
        offer = Offer(artifact, hashes, core_metadata, yanked, artifact.requires_python, url, uploaded)
        self._offers.setdefault(artifact.project, []).append(offer)
        return artifact

    def artifact(self, project: str, version: str) -> Artifact:
        """The first file of a release that a page shows."""
        return next(each.artifact for each in self._offers[project] if each.artifact.version == version)

    def on(self, where: str, behaviour: Behaviour) -> None:
        """Misbehave for a project's page, for a path (which begins with a slash), or everywhere (``*``)."""
        self._behaviours[where if where.startswith("/") else normalise(where)] = behaviour

    def declare(self, project: str, status: str, reason: str | None = None) -> None:
        """Say the status of a project on its page (PEP 792)."""
        said = {"status": status, "reason": reason}
        self._statuses[project] = {key: text for key, text in said.items() if text is not None}

    # What it was asked

    def asked_for(self, project: str) -> bool:
        """Whether anybody asked for the project's page, or for a file of that project."""
        return any(request.project == normalise(project) for request in list(self.requests))

    def projects_asked_for(self) -> list[str]:
        """The projects whose page or file was asked for, sorted."""
        return sorted({request.project for request in list(self.requests) if request.project})

    def forget(self) -> None:
        """Forget the requests so far."""
        self.requests.clear()

    # How it answers

    def answer(self, exchange: Exchange) -> None:
        """Record a request and answer it."""
        request = Request(exchange.command, exchange.path, dict(exchange.headers.items()))
        self.requests.append(request)
        for key in (urlsplit(request.path).path, request.project, "*"):
            if key in self._behaviours and self._applies(key, request) and self._behaviours[key](exchange):
                return
        if not self._authorised(request):
            status(401)(exchange)
            return
        self._serve(exchange, request)

    @staticmethod
    def _applies(key: str, request: Request) -> bool:
        # A project's behaviour is that of its page; its files go on to be served.
        return key == "*" or key.startswith("/") or request.path.startswith("/simple/")

    def _authorised(self, request: Request) -> bool:
        if self.credentials is None:
            return True
        expected = base64.b64encode(":".join(self.credentials).encode()).decode()
        return request.headers.get("Authorization") == f"Basic {expected}"

    def _serve(self, exchange: Exchange, request: Request) -> None:
        path = unquote(urlsplit(request.path).path)
        if path == "/simple/":
            names = sorted(self._offers)
            exchange.reply(200, html_page("Simple index", [f'<a href="/simple/{n}/">{n}</a>' for n in names]))
        elif path.startswith("/simple/") and request.project in self._offers:
            self._project_page(exchange, request.project, request.headers.get("Accept", ""))
        elif path == "/flat/":
            offers = [offer for each in self._offers.values() for offer in each]
            exchange.reply(200, html_page("Links", [offer.as_html(self._url_of(offer)) for offer in offers]))
        elif path.startswith("/files/"):
            self._file(exchange, request.file)
        else:
            exchange.reply(404, "Not Found")

    def _url_of(self, offer: Offer) -> str:
        # Root-relative where it is our own, as indexes do: it must be joined to the page's final URL.
        return f"/files/{quote(offer.artifact.filename)}" if offer.url is None else offer.url

    def _project_page(self, exchange: Exchange, project: str, accept: str) -> None:
        offers = self._offers[project]
        said = self._statuses.get(project, {})
        if JSON_TYPE in accept and not self.html_only:
            page = {
                "meta": {"api-version": "1.1"},
                "name": project,
                "files": [offer.as_json(self._url_of(offer)) for offer in offers],
                **({"project-status": said} if said else {}),
            }
            exchange.reply(200, json.dumps(page), JSON_TYPE)
        else:
            names = {"status": "project-status", "reason": "project-status-reason"}
            metas = {names[key]: text for key, text in said.items()}
            anchors = [offer.as_html(self._url_of(offer)) for offer in offers]
            exchange.reply(200, html_page(project, anchors, metas))

    def _file(self, exchange: Exchange, filename: str) -> None:
        metadata_of = filename[: -len(".metadata")] if filename.endswith(".metadata") else None
        if metadata_of is not None and metadata_of in self._files:
            exchange.reply(200, self._files[metadata_of].metadata, "text/plain")
        elif filename in self._files:
            exchange.reply(200, self._files[filename].data, "application/octet-stream")
        else:
            exchange.reply(404, "Not Found")


def write_simple_dir(directory: Path, artifacts: Iterable[Artifact]) -> str:
    """Write an index of PEP 503 pages with its files; returns its ``file:`` URL."""
    pages: dict[str, list[str]] = {}
    for artifact in artifacts:
        artifact.write_to(directory / artifact.project)
        pages.setdefault(artifact.project, []).append(Offer(artifact).as_html(quote(artifact.filename)))
    for project, anchors in pages.items():
        (directory / project / "index.html").write_text(html_page(project, anchors), encoding="utf-8")
    directory.mkdir(parents=True, exist_ok=True)
    root = html_page("Simple index", [f'<a href="{project}/">{project}</a>' for project in sorted(pages)])
    (directory / "index.html").write_text(root, encoding="utf-8")
    return directory.as_uri()


def write_flat_dir(directory: Path, artifacts: Iterable[Artifact]) -> Path:
    """Write files side by side, as for ``--find-links DIRECTORY``."""
    directory.mkdir(parents=True, exist_ok=True)
    for artifact in artifacts:
        artifact.write_to(directory)
    return directory
