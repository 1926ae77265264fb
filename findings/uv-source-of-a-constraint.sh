#!/bin/sh
# uv 0.13.9: a source counts for what other projects require if its name is in constraint-dependencies with any
# bound at all, and does not count if it is there without one.
#
# tool.uv.sources say which index a name comes from, but only for what a project itself requires. Here a project
# requires "top", "top" requires "leaf", and the source of "leaf" is a second index. Three projects are locked, which
# differ in one line.
#
# Seen:
#   (no constraint)                         leaf 1.0 from the default index
#   constraint-dependencies = ["leaf"]      leaf 1.0 from the default index
#   constraint-dependencies = ["leaf>=0"]   leaf 2.0 from the index of its source
#
# Ends with 0 as long as that is so.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==0.13.9"
cat > "$folder/look.py" <<'PYTHON'
"""Two indexes on loopback, and what uv locks."""

import hashlib
import io
import os
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

folder = Path(sys.argv[1])


def wheel(name, version, requires=""):
    """A wheel that has nothing but its metadata."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}"
    files = {
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: sample\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": f"{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return f"{name}-{version}-py3-none-any.whl", buffer.getvalue()


def index(files):
    """Serve some wheels."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            last = self.path.rstrip("/").rpartition("/")[2]
            body = files.get(last)
            if body is None:
                found = [(name, data) for name, data in files.items() if name.startswith(f"{last}-")]
                links = "".join(
                    f'<a href="/files/{name}#sha256={hashlib.sha256(data).hexdigest()}">{name}</a>'
                    for name, data in found
                )
                body = f"<!DOCTYPE html><title>Links for {last}</title>{links}".encode() if found else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html" if b"<title>" in body[:40] else "application/zip")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/simple/"


first = index(dict([wheel("top", "1.0", "Requires-Dist: leaf\n"), wheel("leaf", "1.0")]))
second = index(dict([wheel("leaf", "2.0")]))
clean = {key: value for key, value in os.environ.items() if not key.startswith(("UV_", "PIP_"))}
seen = []
for number, line in enumerate(("", 'constraint-dependencies = ["leaf"]', 'constraint-dependencies = ["leaf>=0"]')):
    project = folder / f"project-{number}"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        f"""[project]
name = "sample"
version = "1"
requires-python = ">=3.9"
dependencies = ["top"]
[tool.uv]
{line}
[[tool.uv.index]]
name = "first"
url = "{first}"
default = true
[[tool.uv.index]]
name = "second"
url = "{second}"
explicit = true
[tool.uv.sources]
leaf = {{ index = "second" }}
"""
    )
    command = [folder / "venv" / "bin" / "uv", "--no-cache", "lock", "--python", sys.executable]
    done = subprocess.run(command, cwd=project, env=clean, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    lock = (project / "uv.lock").read_text()
    entry = lock.partition('name = "leaf"\n')[2].partition("[[package]]")[0]
    where = "second" if second in entry else "first"
    seen.append((entry.partition('version = "')[2].partition('"')[0], where))
    print(line or "(no constraint)", *seen[-1])
if seen != [("1.0", "first"), ("1.0", "first"), ("2.0", "second")]:
    sys.exit("it is no longer so")
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder"
