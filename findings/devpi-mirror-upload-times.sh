#!/bin/sh
# devpi-server 6.20.3: a mirror answers with JSON pages, but without the upload times of the index behind it.
#
# The index says when each file was uploaded and how large it is (PEP 700, API version 1.1). The mirror's page of the
# same project is JSON, has the same digests, and has neither. So what goes by upload times works with the index and
# not with its mirror: pip's --uploaded-prior-to ends with an error, and uv's exclude-newer leaves every file out.
#
# Seen:
#   index:  api-version 1.1, keys core-metadata filename hashes size upload-time url
#   mirror: api-version 1.0, no upload-time, no size
#
# Ends with 0 as long as that is so.
set -eu

folder=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "devpi-server==6.20.3"
cat > "$folder/look.py" <<'PYTHON'
"""An index on loopback, a mirror of it, and the page of one project from each."""

import base64
import json
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

JSON = "application/vnd.pypi.simple.v1+json"
folder = Path(sys.argv[1])
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
page = {
    "meta": {"api-version": "1.1"},
    "name": "sample",
    "versions": ["1.0"],
    "files": [
        {
            "filename": "sample-1.0-py3-none-any.whl",
            "url": "/files/sample-1.0-py3-none-any.whl",
            "hashes": {"sha256": "0" * 64},
            "size": 1234,
            "upload-time": "2026-01-02T03:04:05.000000Z",
            "core-metadata": False,
        }
    ],
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(page if "sample" in self.path else {"meta": page["meta"], "projects": [{"name": "sample"}]})
        self.send_response(200)
        self.send_header("Content-Type", JSON)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


index = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=index.serve_forever, daemon=True).start()
upstream = f"http://127.0.0.1:{index.server_port}/simple/"
spare = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
port = spare.server_port
spare.server_close()
base = f"http://127.0.0.1:{port}"
options = ["--serverdir", folder / "data", "--no-root-pypi", "--root-passwd", "word"]
subprocess.run([folder / "venv/bin/devpi-init", *options], check=True, capture_output=True)
command = [folder / "venv/bin/devpi-server", "--serverdir", folder / "data", "--host", "127.0.0.1", "--port", str(port)]
server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ask(method, path, data=None, **headers):
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(base + path, body, {"Content-Type": "application/json", **headers}, method=method)
    with direct.open(request, timeout=60) as answer:
        return json.load(answer)


try:
    for _ in range(240):
        if server.poll() is not None:
            sys.exit("devpi-server has ended")
        try:
            ask("GET", "/+api", Accept="application/json")
            break
        except OSError:
            time.sleep(0.5)
    said = ask("POST", "/+login", {"user": "root", "password": "word"}, Accept="application/json")
    token = base64.b64encode(f"root:{said['result']['password']}".encode()).decode()
    settings = {"type": "mirror", "mirror_url": upstream, "volatile": True}
    ask("PUT", "/root/mirror", settings, Accept="application/json", **{"X-Devpi-Auth": token})
    found = ask("GET", "/root/mirror/+simple/sample/", Accept=JSON)
finally:
    server.terminate()
    server.wait()
(file,) = found["files"]
print("index: ", page["meta"], sorted(page["files"][0]))
print("mirror:", found["meta"], sorted(file))
same = file["hashes"] == page["files"][0]["hashes"]
sys.exit(0 if same and not {"upload-time", "size"} & file.keys() else 1)
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder"
