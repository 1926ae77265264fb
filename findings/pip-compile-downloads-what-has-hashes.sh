#!/usr/bin/env bash
# pip-tools 7.6.2 with pip 26.3: `pip-compile --generate-hashes` does not use the hashes that an index page gives.
#
# It asks every index that pip is configured with for NAME/json (PyPI's own API, which other indexes lack), also an
# index that has no such project; and where that gives nothing, it downloads each file of the version to hash it,
# for every platform, although each link of the page has its sha256 (PEP 503, PEP 691). With large wheels that are
# gigabytes; and the names of private projects are sent to each index.
#
# Seen: private: GET /simple/demo/, /demo/json, and all three files; other: GET /simple/demo/, /demo/json
# Exits with 1 if that is no longer so. Needs Python 3.11 or newer and a package index.
set -euo pipefail
place=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$place"' EXIT

python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pip==26.3
"$place/venv/bin/pip" install --quiet --disable-pip-version-check pip-tools==7.6.2

cat > "$place/index.py" <<'PYTHON'
"""Two indexes on loopback: the first has `demo` for three platforms, with hashes; the second has nothing."""
import hashlib, http.server, io, pathlib, sys, threading, zipfile

place = pathlib.Path(sys.argv[1])

def wheel(platform):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
        archive.writestr("demo-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: py3-none-{platform}\n")
        archive.writestr("demo-1.0.dist-info/RECORD", "")
    return buffer.getvalue()

files = {f"demo-1.0-py3-none-{each}.whl": wheel(each) for each in ("any", "win_amd64", "macosx_11_0_arm64")}
links = [f'<a href="/files/{n}#sha256={hashlib.sha256(d).hexdigest()}">{n}</a>' for n, d in files.items()]
page = ("<!DOCTYPE html><title>Links for demo</title>" + "".join(links)).encode()

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.server.name
        with (place / f"{name}.log").open("a") as log:
            log.write(f"{self.path}\n")
        body = page if self.path == "/simple/demo/" else files.get(self.path.rpartition("/")[2])
        body = body if name == "private" else None
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html" if body is page else "application/octet-stream")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass

servers = []
for name in ("private", "other"):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.name = name
    threading.Thread(target=server.serve_forever).start()
    servers.append(server)
(place / "ports.new").write_text(" ".join(str(each.server_port) for each in servers))
(place / "ports.new").rename(place / "ports")
PYTHON
python3 "$place/index.py" "$place" &
server=$!
until [ -e "$place/ports" ]; do sleep 0.1; done
read -r private other <<< "$(cat "$place/ports")"

cd "$place"
echo demo > requirements.in
export PIP_CONFIG_FILE=/dev/null NO_PROXY=localhost no_proxy=localhost
env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL venv/bin/pip-compile --quiet --generate-hashes \
    --cache-dir cache --index-url "http://localhost:$private/simple/" --extra-index-url "http://localhost:$other/simple/" \
    requirements.in
echo "private index:"; sort -u private.log
echo "other index:"; sort -u other.log
for platform in any win_amd64 macosx_11_0_arm64; do
    grep -q "^/files/demo-1.0-py3-none-$platform.whl" private.log || { echo "no longer so: $platform"; exit 1; }
done
grep -q 'demo/json$' other.log || { echo "no longer so: /demo/json"; exit 1; }
echo "still so: three files were downloaded whose hashes the page gives, and both indexes were asked for demo/json"
