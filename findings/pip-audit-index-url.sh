#!/bin/sh
# pip-audit 2.10.1: `pip-audit -r FILE --index-url URL` goes to pypi.org all the same.
#
# Before it resolves FILE it makes an environment and runs `pip install --upgrade pip wheel setuptools` there,
# without its own --index-url and --extra-index-url. Only pip's configuration (PIP_INDEX_URL, pip.conf) reaches
# that command. So a host that reaches its own index only fails, with "Failed to upgrade `pip`", and elsewhere
# pip, wheel and setuptools come from pypi.org. The names in FILE are asked for at URL alone.
#
# Seen, with an index on loopback at --index-url and a proxy that refuses everything else:
#   ERROR:pip_audit._cli:Failed to upgrade `pip`: [..., '-m', 'pip', 'install', '--upgrade', 'pip', 'wheel', 'setuptools']
#   the index was asked for:  nothing
#   the proxy was asked for:  CONNECT pypi.org:443
#
# Ends with 0 as long as that is so.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "pip-audit==2.10.1"
cat > "$folder/watch.py" <<'PYTHON'
"""Run a command with an index and a proxy on loopback; print what each was asked for."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def server():
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(f"{self.command} {self.path}")
            self.send_error(404)

        do_CONNECT = do_HEAD = do_GET

        def log_message(self, *args):
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{listener.server_port}", asked


index, index_asked = server()
proxy, proxy_asked = server()
environ = {key: value for key, value in os.environ.items() if not key.upper().startswith("PIP_")}
for name in ("http_proxy", "https_proxy", "all_proxy"):
    environ[name] = environ[name.upper()] = proxy
environ["no_proxy"] = environ["NO_PROXY"] = "127.0.0.1"
environ.update(PIP_CONFIG_FILE=os.devnull, PIP_RETRIES="0")
done = subprocess.run([*sys.argv[1:], "--index-url", f"{index}/simple"], env=environ, text=True, capture_output=True)
print(done.stderr.strip())
print("the index was asked for: ", *sorted(set(index_asked)) or ["nothing"])
print("the proxy was asked for: ", *sorted(set(proxy_asked)) or ["nothing"])
sys.exit(0 if not index_asked and set(proxy_asked) == {"CONNECT pypi.org:443"} else 1)
PYTHON
echo "sampleproject" > "$folder/list.txt"
"$folder/venv/bin/python" "$folder/watch.py" "$folder/venv/bin/pip-audit" -r "$folder/list.txt"
