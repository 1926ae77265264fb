"""One nginx that plays several hosts on loopback, each with a name and a certificate of its own.

The names are made up (``cdn-a.example``) and lead to loopback only in the environments that were told of
them: there a start-up file answers for the resolver, and knows no other names. So the hosts have the
ports that their schemes have, as real ones do, and nothing can reach the network by accident.
"""

from __future__ import annotations

import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import quote, unquote, urlsplit

from tests.support.servers import HEED, Authority

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.support.environments import Environment

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
MODERN = "TLSv1.2 TLSv1.3"

# Debian has it where only root's PATH looks.
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

_RESOLVER = '''\
"""The names of the tests lead to loopback, and no other name leads anywhere."""

import socket

NAMES = {names!r}
ask = socket.getaddrinfo


def getaddrinfo(host, port, *args, **kwargs):
    name = host.decode() if isinstance(host, bytes) else host
    if name in NAMES:
        return ask("127.0.0.1", NAMES[name].get(int(port), port), *args, **kwargs)
    if name is None or name == "localhost" or name.startswith("127."):
        return ask(host, port, *args, **kwargs)
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


socket.getaddrinfo = getaddrinfo
'''

_CONFIGURATION = """\
daemon off;
master_process off;
pid nginx.pid;
error_log error.log;
events {{ worker_connections 256; }}
http {{
    log_format facts escape=json '{{"host":"$host","scheme":"$scheme","method":"$request_method",'
        '"uri":"$request_uri","status":$status,"sent":$body_bytes_sent,"protocol":"$ssl_protocol",'
        '"range":"$http_range","authorization":"$http_authorization","accept":"$http_accept"}}';
    access_log access.log facts;
    client_body_temp_path temporary;
    proxy_temp_path temporary;
    fastcgi_temp_path temporary;
    uwsgi_temp_path temporary;
    scgi_temp_path temporary;
    default_type application/octet-stream;
    types {{ text/html html; {json_type} json; text/plain metadata; }}
    index index.html index.json;
    server_names_hash_bucket_size 128;
    lingering_close off;
{servers}
}}
"""


class Issuer(Authority):
    """An authority that also writes certificates to files."""

    def write(self, directory: Path, *names: str) -> tuple[Path, Path]:
        """Issue a certificate; returns its chain and its key."""
        issued = self._ca.issue_cert(*names)
        directory.mkdir(parents=True, exist_ok=True)
        chain, key = directory / "chain.pem", directory / "key.pem"
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        return chain, key


@dataclass(frozen=True)
class Asked:
    """One request that nginx answered.

    :param path: unquoted, without the query.
    :param uri: as it was sent.
    :param range: the ``Range`` header; empty for none, as the other headers.
    :param protocol: of TLS.
    """

    host: str
    scheme: str
    method: str
    path: str
    uri: str
    status: int
    sent: int
    range: str
    authorization: str
    accept: str
    protocol: str

    @property
    def file(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


class Exchange(http.server.BaseHTTPRequestHandler):
    """One request that nginx handed on, and its answer."""

    protocol_version = "HTTP/1.1"
    server: _Upstream

    def do_GET(self) -> None:
        key = (self.headers["Host"], unquote(urlsplit(self.path).path))
        times = self.server.counts[key] = self.server.counts.get(key, 0) + 1
        self.close_connection = True
        self.server.behaviours[key](self, times)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: nginx records the requests."""

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer with a whole body; underscores in header names stand for hyphens."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


Behaviour = Callable[[Exchange, int], None]
"""Answers a request; it is told how many there have been for that URL, from 1."""


def cut(data: bytes, *lengths: int, ranges: bool = True, after: bytes | None = None) -> Behaviour:
    """Announce everything, and close the connection early: the n-th answer after the n-th length.

    :param ranges: whether the server can continue where a client stopped.
    :param after: what is served once the lengths are used up; None is the same file.
    """

    def act(exchange: Exchange, times: int) -> None:
        whole = data if after is None or times <= len(lengths) else after
        wanted = exchange.headers.get("Range", "")
        start = int(wanted[len("bytes=") :].partition("-")[0]) if ranges and wanted else 0
        if start >= len(whole) > 0:
            exchange.reply(416, Content_Range=f"bytes */{len(whole)}")
            return
        exchange.send_response(206 if start else 200)
        exchange.send_header("Content-Length", str(len(whole) - start))
        exchange.send_header("Content-Type", "application/octet-stream")
        if ranges:
            exchange.send_header("Accept-Ranges", "bytes")
            exchange.send_header("ETag", f'"{len(whole)}-{whole[len(whole) // 2]}"')
        if start:
            exchange.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        exchange.end_headers()
        length = lengths[times - 1] if times <= len(lengths) else len(whole)
        exchange.wfile.write(whole[start : start + length])

    return act


def in_turn(*answers: tuple[int, bytes]) -> Behaviour:
    """Answer with one status and body after the other, and stay at the last."""

    def act(exchange: Exchange, times: int) -> None:
        exchange.reply(*answers[min(times, len(answers)) - 1])

    return act


class _Upstream(http.server.ThreadingHTTPServer):
    """What nginx asks where it is to do what nginx does not do."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.behaviours: dict[tuple[str, str], Behaviour] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self._thread = threading.Thread(target=self.serve_forever, args=(HEED,), daemon=True)
        self._thread.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the tests."""

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


def _text(value: object) -> str:
    """A string of nginx's configuration."""
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class Site:
    """One host: a directory of files, and paths that answer otherwise.

    :param certificate: chain and key.
    :param root: what is in it is served.
    """

    def __init__(self, nginx: Nginx, name: str, root: Path, certificate: tuple[Path, Path]) -> None:
        self.name = name
        self.root = root
        self.certificate = certificate
        self._sockets = {443: held_port(), 80: held_port()}
        self.password: tuple[str, str] | None = None
        self._nginx = nginx
        self._protocols = MODERN
        self._ciphers = "DEFAULT"
        self._headers: dict[str, str] = {}
        self._locations: dict[str, str] = {}
        self._is_down = False
        self._redirects_http = False
        root.mkdir(parents=True, exist_ok=True)

    def __str__(self) -> str:
        return self.name

    @property
    def ports(self) -> dict[int, int]:
        """The ports on loopback behind those of the schemes."""
        return {port: each.getsockname()[1] for port, each in self._sockets.items()}

    def url(self, path: str = "/", scheme: str = "https") -> str:
        """The URL of a path, which is given unquoted."""
        return f"{scheme}://{self.name}{quote(path)}"

    # What it serves

    def put(self, path: str, content: bytes | str) -> str:
        """Serve a file; returns its URL. Needs no restart."""
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.url(path)

    def answer(self, path: str, status: int) -> None:
        """Answer with a status."""
        self._at(path, f"return {status};")

    def redirect(self, path: str, url: str, status: int = 302) -> None:
        """Send the client elsewhere."""
        self._at(path, f"return {status} {_text(url)};")

    def redirect_http(self) -> None:
        """Send whoever comes without TLS to the same URL with it."""
        self._redirects_http = True
        self._nginx.change()

    def behave(self, path: str, behaviour: Behaviour) -> str:
        """Answer as a function does; returns the path's URL."""
        upstream = self._nginx.upstream
        upstream.behaviours[self.name, path] = behaviour
        port = upstream.server_port
        self._at(
            path,
            f"proxy_pass http://127.0.0.1:{port}; proxy_set_header Host $host; proxy_buffering off; "
            "proxy_http_version 1.1; proxy_force_ranges off;",
        )
        return self.url(path)

    def gzip(self, path: str) -> None:
        """Compress a file on its way, as servers do for texts, and some for everything."""
        self._at(path, "gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;")

    def refuse_ranges(self, path: str) -> None:
        """Always answer with the whole file."""
        self._at(path, "max_ranges 0;")

    def header(self, name: str, value: str) -> None:
        """Send a header with every file."""
        self._headers[name] = value
        self._nginx.change()

    def protect(self, user: str, password: str) -> None:
        """Ask for a password."""
        self.password = (user, password)
        self._nginx.change()

    def speak_only(self, protocols: str) -> None:
        """Speak these versions of TLS; for the old ones OpenSSL has to be allowed what it distrusts."""
        self._protocols = protocols
        self._ciphers = "DEFAULT:@SECLEVEL=0"
        self._nginx.change()

    def go_down(self) -> None:
        """Refuse connections."""
        self._is_down = True
        self._nginx.change()

    def come_up(self) -> None:
        """Accept connections again."""
        self._is_down = False
        self._nginx.change()

    def as_before(self, path: str) -> None:
        """Take back what was set for a path."""
        self._locations.pop(path, None)
        self._nginx.change()

    def _at(self, path: str, directives: str) -> None:
        self._locations[path] = directives
        self._nginx.change()

    def close(self) -> None:
        """Give its ports back."""
        for each in self._sockets.values():
            each.close()

    # What it was asked

    @property
    def requests(self) -> list[Asked]:
        """Every request since the last :meth:`Nginx.forget`."""
        return [each for each in self._nginx.requests() if each.host == self.name]

    def asked_for(self, name: str) -> list[Asked]:
        """The requests whose path has a text, such as a file name."""
        return [each for each in self.requests if name in each.path]

    # Its configuration

    def configuration(self) -> str:
        if self._is_down:
            return ""
        chain, key = self.certificate
        lines = [
            f"listen 127.0.0.1:{self.ports[443]} ssl reuseport;",
            f"listen 127.0.0.1:{self.ports[80]} reuseport;",
            f"server_name {self.name};",
            f"ssl_certificate {_text(chain)};",
            f"ssl_certificate_key {_text(key)};",
            f"ssl_protocols {self._protocols};",
            f"ssl_ciphers {_text(self._ciphers)};",
            f"root {_text(self.root)};",
            # nginx would tell its clients the port it knows of, which they do not.
            "absolute_redirect off;",
        ]
        lines += [f"add_header {name} {_text(value)};" for name, value in self._headers.items()]
        if self._redirects_http:
            lines.append("if ($scheme = http) { return 301 https://$host$request_uri; }")
        if self.password is not None:
            users = self.root.with_name(f"{self.root.name}.users")
            users.write_text("{}:{{PLAIN}}{}\n".format(*self.password), encoding="utf-8")
            lines += [f"auth_basic {_text(self.name)};", f"auth_basic_user_file {_text(users)};"]
        lines += [f"location = {_text(path)} {{ {what} }}" for path, what in self._locations.items()]
        return "    server {\n" + "".join(f"        {line}\n" for line in lines) + "    }\n"


class Nginx:
    """A running nginx, once :meth:`serve` was called.

    Its ports are never free for others to take: this process holds them, with and without nginx.

    :param directory: for everything that it reads and writes.
    :param issuer: vouches for its certificates.
    """

    def __init__(self, directory: Path, issuer: Issuer) -> None:
        self.directory = directory
        self.issuer = issuer
        self.sites: dict[str, Site] = {}
        self._upstream: _Upstream | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._changed = True
        self._seen = 0
        (directory / "temporary").mkdir(parents=True, exist_ok=True)

    @property
    def upstream(self) -> _Upstream:
        """What it asks where it does not know itself; there once somebody needs it."""
        if self._upstream is None:
            self._upstream = _Upstream()
        return self._upstream

    def site(
        self, name: str, *, certificate_for: Iterable[str] | None = None, issuer: Issuer | None = None
    ) -> Site:
        """A further host.

        :param certificate_for: the names in its certificate; None is its own.
        :param issuer: who vouches for it; None is the one of the others.
        """
        names = [name] if certificate_for is None else list(certificate_for)
        certificate = (issuer or self.issuer).write(self.directory / "certificates" / name, *names)
        if name in self.sites:
            self.sites[name].close()
        self.sites[name] = Site(self, name, self.directory / "sites" / name, certificate)
        self._changed = True
        return self.sites[name]

    def change(self) -> None:
        """Something that nginx reads only at its start has changed."""
        self._changed = True

    def serve(self) -> None:
        """Serve what was set up; to be called again after changes, and cheap without any."""
        if not self._changed:
            return
        self._stop()
        servers = "".join(site.configuration() for site in self.sites.values())
        path = self.directory / "nginx.conf"
        path.write_text(_CONFIGURATION.format(servers=servers, json_type=JSON_TYPE), encoding="utf-8")
        assert NGINX is not None
        command = [NGINX, "-p", str(self.directory), "-c", str(path), "-e", str(self.directory / "error.log")]
        self._pid_file.unlink(missing_ok=True)
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self._changed = False
        self._wait(self._process)

    @property
    def _pid_file(self) -> Path:
        return self.directory / "nginx.pid"

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        # It writes this file once it listens.
        deadline = time.monotonic() + 60
        while not self._pid_file.exists():
            log = self.directory / "error.log"
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, "nginx does not start"
            time.sleep(0.01)

    def _stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=30)
            self._process = None

    def close(self) -> None:
        """Stop it."""
        self._stop()
        if self._upstream is not None:
            self._upstream.close()
        for site in self.sites.values():
            site.close()

    def __enter__(self) -> Nginx:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def requests(self) -> list[Asked]:
        """What every host was asked, in order."""
        log = self.directory / "access.log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [_asked(json.loads(line)) for line in lines[self._seen :]]

    def forget(self) -> None:
        """Forget the requests so far."""
        self._seen += len(self.requests())

    def hosts_asked(self) -> list[str]:
        """The hosts that got a request, sorted."""
        return sorted({each.host for each in self.requests()})

    def introduce(self, environment: Environment) -> None:
        """Let the names of the sites, and no others, lead somewhere in an environment."""
        names = {site.name: site.ports for site in self.sites.values()}
        module = environment.site_packages / "names_of_the_tests.py"
        module.write_text(_RESOLVER.format(names=names), encoding="utf-8")
        module.with_suffix(".pth").write_text("import names_of_the_tests\n", encoding="utf-8")


def _asked(facts: Mapping[str, Any]) -> Asked:
    path = unquote(urlsplit(facts["uri"]).path)
    return Asked(path=path, **facts)


def held_port() -> socket.socket:
    """A socket that keeps a port from being taken; who connects to it is refused unless nginx shares it."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    # Only now: two sockets that may share a port can be given the same one.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return made
