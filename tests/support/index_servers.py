"""Index servers that are not ours, each with the files it is given, as docs/index-servers.md sets them up."""

from __future__ import annotations

import base64
import contextlib
import json
import urllib.request
import uuid
from typing import TYPE_CHECKING, Any, Callable

from tests.support.environments import run
from tests.support.nginx import NGINX
from tests.support.programs import DIRECT, free_port, programs, serving
from tests.support.servers import IndexServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.support.environments import Workshop
    from tests.support.wheels import Artifact

    Running = Callable[..., AbstractContextManager[str]]

_NGINX = """\
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path temporary;
    proxy_temp_path temporary;
    fastcgi_temp_path temporary;
    uwsgi_temp_path temporary;
    scgi_temp_path temporary;
    server {{
        listen 127.0.0.1:{port};
        location /simple/ {{ alias "{folder}/"; autoindex on; }}
    }}
}}
"""


def _folders(folder: Path, artifacts: Sequence[Artifact]) -> Path:
    """A folder for each project."""
    for each in artifacts:
        each.write_to(folder / each.project)
    return folder


@contextlib.contextmanager
def pypiserver(
    workshop: Workshop, place: Path, artifacts: Sequence[Artifact], *options: str
) -> Iterator[str]:
    """pypiserver with one folder of files; by default it redirects whoever asks for a name that it lacks."""
    for each in artifacts:
        each.write_to(place / "packages")
    port = free_port()
    base = f"http://localhost:{port}/"
    command: list[str | Path] = [
        programs(workshop, "pypiserver") / "python",
        "-m",
        "pypiserver",
        "run",
        "-i",
        "127.0.0.1",
    ]
    with serving([*command, "-p", str(port), *options, place / "packages"], base, place / "log"):
        yield f"{base}simple/"


def closed_pypiserver(
    workshop: Workshop, place: Path, artifacts: Sequence[Artifact]
) -> AbstractContextManager[str]:
    """pypiserver that forwards nothing."""
    return pypiserver(workshop, place, artifacts, "--disable-fallback")


class Devpi:
    """A running devpi-server, as somebody sees it who may change it.

    :param base: its URL.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        token = self.ask("POST", "/+login", {"user": "root", "password": "word"})["result"]["password"]
        self._auth = base64.b64encode(f"root:{token}".encode()).decode()

    def ask(
        self, method: str, path: str, body: bytes | dict[str, Any], kind: str = "application/json"
    ) -> dict[str, Any]:
        """Send something to its API."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": kind, "Accept": "application/json"}
        if hasattr(self, "_auth"):
            headers["X-Devpi-Auth"] = self._auth
        with DIRECT.open(
            urllib.request.Request(self.base + path, data, headers, method=method), timeout=60
        ) as answer:
            text = answer.read()
        return dict(json.loads(text)) if text.startswith(b"{") else {}

    def mirror(self, name: str, url: str) -> str:
        """Make an index that is a mirror of another one; returns its URL."""
        self.ask("PUT", f"/root/{name}", {"type": "mirror", "mirror_url": url, "volatile": True})
        return f"{self.base}/root/{name}/+simple/"

    def stage(self, name: str, *bases: str) -> str:
        """Make an index of one's own, or give it other bases; returns its URL."""
        exists = name in self.ask("GET", "/root", b"")["result"]["indexes"]
        self.ask("PATCH" if exists else "PUT", f"/root/{name}", {"bases": list(bases), "volatile": True})
        return f"{self.base}/root/{name}/+simple/"

    def upload(self, name: str, artifact: Artifact) -> None:
        """Upload a wheel to a stage, as twine does."""
        boundary = uuid.uuid4().hex
        fields = {":action": "file_upload", "name": artifact.project, "version": artifact.version}
        fields.update({"filetype": "bdist_wheel", "pyversion": "py3"})
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="content"; '
            f'filename="{artifact.filename}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        body = "".join(parts).encode() + artifact.data + f"\r\n--{boundary}--\r\n".encode()
        self.ask("POST", f"/root/{name}/", body, f"multipart/form-data; boundary={boundary}")


@contextlib.contextmanager
def devpi_server(workshop: Workshop, place: Path) -> Iterator[Devpi]:
    """devpi-server without any index."""
    binaries, port = programs(workshop, "devpi-server"), free_port()
    python = binaries / "python"
    options: list[str | Path] = ["--serverdir", place / "devpi", "--no-root-pypi", "--root-passwd", "word"]
    run([python, binaries / "devpi-init", *options])
    base = f"http://localhost:{port}"
    command: list[str | Path] = [
        python,
        binaries / "devpi-server",
        "--serverdir",
        place / "devpi",
        "--host",
        "127.0.0.1",
    ]
    with serving([*command, "--port", str(port)], base, place / "log"):
        yield Devpi(base)


@contextlib.contextmanager
def devpi(workshop: Workshop, place: Path, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """A stage of devpi without bases."""
    with devpi_server(workshop, place) as server:
        url = server.stage("private")
        for each in artifacts:
            server.upload("private", each)
        yield url


@contextlib.contextmanager
def simpleindex(
    workshop: Workshop, place: Path, artifacts: Sequence[Artifact], source: str = "path", to: str = ""
) -> Iterator[str]:
    """simpleindex with one route for every project: by default to its folder."""
    folder = _folders(place / "packages", artifacts)
    routes = {"{project}": to or folder.as_posix() + "/{project}"}
    with simpleindex_of(workshop, place, routes, source) as base:
        yield base


@contextlib.contextmanager
def simpleindex_of(
    workshop: Workshop, place: Path, routes: Mapping[str, str], source: str = "http"
) -> Iterator[str]:
    """simpleindex with some routes: from the names of projects to folders or to pages."""
    port = free_port()
    config = place / "simpleindex.toml"
    text = "".join(f'[routes."{name}"]\nsource = "{source}"\nto = "{to}"\n' for name, to in routes.items())
    config.write_text(f'{text}[server]\nhost = "127.0.0.1"\nport = {port}\n')
    base = f"http://localhost:{port}/"
    python = programs(workshop, "simpleindex") / "python"
    with serving([python, "-m", "simpleindex", config], base, place / "log"):
        yield base


@contextlib.contextmanager
def proxpi_of(workshop: Workshop, place: Path, *upstream: str) -> Iterator[str]:
    """proxpi before some indexes."""
    port = free_port()
    base = f"http://localhost:{port}/"
    python = programs(workshop, "proxpi") / "python"
    command: list[str | Path] = [python, "-m", "flask", "--app", "proxpi.server", "run", "--port", str(port)]
    environ = {"PROXPI_INDEX_URL": upstream[0], "PROXPI_EXTRA_INDEX_URLS": ",".join(upstream[1:])}
    with serving(command, base, place / "log", environ):
        yield f"{base}index/"


@contextlib.contextmanager
def proxpi(workshop: Workshop, place: Path, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """proxpi before an index that is one's own."""
    with IndexServer("upstream") as upstream:
        for each in artifacts:
            upstream.add(each)
        with proxpi_of(workshop, place, upstream.url) as url:
            yield url


@contextlib.contextmanager
def dumb_pypi(workshop: Workshop, place: Path, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """What dumb-pypi writes, behind Python's own server of files."""
    for each in artifacts:
        each.write_to(place / "site" / "packages")
    listed = place / "packages.txt"
    listed.write_text("".join(f"{each.filename}\n" for each in artifacts))
    binaries = programs(workshop, "dumb-pypi")
    options: list[str | Path] = [
        "--package-list",
        listed,
        "--packages-url",
        "../../packages",
        "--output-dir",
        place / "site",
    ]
    run([binaries / "python", binaries / "dumb-pypi", *options])
    port = free_port()
    base = f"http://localhost:{port}/"
    command: list[str | Path] = [
        binaries / "python",
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        "--directory",
        place / "site",
    ]
    with serving([*command, str(port)], base, place / "log"):
        yield f"{base}simple/"


@contextlib.contextmanager
def simple_repository_server_of(workshop: Workshop, place: Path, *sources: str | Path) -> Iterator[str]:
    """simple-repository-server with folders, URLs and options."""
    port = free_port()
    base = f"http://localhost:{port}/"
    python = programs(workshop, "simple-repository-server") / "python"
    command: list[str | Path] = [
        python,
        "-m",
        "simple_repository_server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with serving([*command, *sources], base, place / "log"):
        yield f"{base}simple/"


def simple_repository_server(
    workshop: Workshop, place: Path, artifacts: Sequence[Artifact]
) -> AbstractContextManager[str]:
    """simple-repository-server with a folder for each project."""
    return simple_repository_server_of(workshop, place, _folders(place / "packages", artifacts))


@contextlib.contextmanager
def nginx(workshop: Workshop, place: Path, artifacts: Sequence[Artifact]) -> Iterator[str]:
    """nginx with a folder for each project, and listings of them."""
    assert NGINX is not None
    port = free_port()
    base = f"http://localhost:{port}/"
    (place / "temporary").mkdir()
    configuration = place / "nginx.conf"
    folder = _folders(place / "packages", artifacts)
    folder.chmod(0o755)
    configuration.write_text(_NGINX.format(port=port, folder=folder))
    command: list[str | Path] = [NGINX, "-p", place, "-c", configuration, "-e", place / "error.log"]
    with serving(command, base, place / "log"):
        yield f"{base}simple/"


SERVERS: dict[str, Running] = {
    "devpi": devpi,
    "pypiserver": closed_pypiserver,
    "simpleindex": simpleindex,
    "proxpi": proxpi,
    "dumb-pypi": dumb_pypi,
    "simple-repository-server": simple_repository_server,
    "nginx": nginx,
}
