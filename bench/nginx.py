"""How many requests a second does the nginx of ``rim-router export nginx`` answer, next to a bare one?

The bare nginx serves a page of an index and a wheel of 100 kB from files; it is also the index behind the
exported one, which has both in its cache after the first request. ``wrk`` asks for each with 32 connections
on loopback, on the same machine: the ratio says more than the numbers. Then a worker of the exported nginx is
killed while clients ask, which try again once when a connection breaks, as pip, uv and all others do.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from bench.measure import heading, say, table
from tests.support.environments import ROOT
from tests.support.exported import Exported, free_address
from tests.support.nginx import NGINX

WORKERS = (1, 4)
CONNECTIONS = 32
CLIENTS = 4
REQUESTS = 500  # of each client, while a worker is killed
SIZE = 100_000
_BARE = """\
worker_processes {workers};
pid nginx.pid;
error_log error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;
    types {{ application/vnd.pypi.simple.v1+json json; application/octet-stream whl; }}
    index index.json;
    server {{ listen {address}; root {root}; }}
}}
"""
_NAME = "acme_core-1.0-py3-none-any.whl"


def write_index(root: Path) -> None:
    """One project of 50 files, of which one is there."""
    page = root / "simple" / "acme-core"
    page.mkdir(parents=True)
    names = [_NAME, *(f"acme_core-0.{number}-py3-none-any.whl" for number in range(49))]
    entries = [f'{{"filename": "{name}", "url": "/files/{name}", "hashes": {{}}}}' for name in names]
    text = '{"meta": {"api-version": "1.0"}, "name": "acme-core", "files": [' + ", ".join(entries) + "]}"
    (page / "index.json").write_text(text, encoding="utf-8")
    (root / "files").mkdir()
    (root / "files" / _NAME).write_bytes(os.urandom(SIZE))


def exported_text(directory: Path, index: str, address: str, workers: int) -> str:
    """The configuration, as the command prints it."""
    lines = f'[indexes]\nacme = "{index}"\n[routes]\n"acme-*" = "acme"\n'
    (directory / "index-routing.toml").write_text(lines, encoding="utf-8")
    command = [sys.executable, "-m", "rim_router", "export", "nginx", "--listen", address]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(command, cwd=directory, env=environ, capture_output=True, text=True, check=True)
    text = done.stdout.replace("worker_processes auto;", f"worker_processes {workers};")
    return text.replace("access_log access.log;", "access_log off;")


def requests_per_second(url: str, seconds: int) -> float:
    """What wrk counts; it stops if an answer is no success."""
    options = ["-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s"]
    command = ["wrk", *options, "-H", "Accept: application/vnd.pypi.simple.v1+json", url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said and "/from/" in url:
        raise SystemExit(said)
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None:
        raise SystemExit(said)
    return float(found[1])


def ask_while_killing(server: Exported, path: str) -> tuple[int, int, int]:
    """Right answers, those of them that took a second try, and wrong ones, while a worker is killed."""
    right, again, wrong = [], [], []
    started = threading.Event()

    def ask() -> None:
        for number in range(REQUESTS):
            if number == REQUESTS // 4:
                started.set()
            for attempt in (1, 2):
                try:
                    code = server.get(path, "application/vnd.pypi.simple.v1+json")[0]
                except (OSError, http.client.HTTPException):
                    if attempt == 2:
                        wrong.append(0)
                    continue
                (right if code == 200 else wrong).append(code)
                again.extend([code] * (attempt - 1))
                break

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    started.wait()
    os.kill(server.workers()[0], signal.SIGKILL)
    for client in clients:
        client.join()
    return len(right), len(again), len(wrong)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="for each number")
    args = parser.parse_args()
    if NGINX is None or shutil.which("wrk") is None:
        say("needs nginx and wrk (apt install nginx-light wrk)")
        return
    with tempfile.TemporaryDirectory() as place:
        rows, killed = [], []
        for workers in WORKERS:
            found, lost = measure(Path(place) / str(workers), workers, args.seconds)
            rows += found
            killed.append([workers, CLIENTS * REQUESTS, *lost])
    heading("Requests a second")
    print(table(["what", "workers", "bare nginx", "exported", "ratio"], rows))
    heading("One worker killed")
    print(table(["workers", "requests", "right", "of them at the second try", "wrong or lost"], killed))


def measure(place: Path, workers: int, seconds: int) -> tuple[list[list[object]], tuple[int, int, int]]:
    """The rows for one number of workers."""
    root = place / "index"
    root.mkdir(parents=True)
    write_index(root)
    (place / "bare").mkdir()
    (place / "exported").mkdir()
    bare_address, address = free_address(), free_address()
    bare = Exported(
        place / "bare", _BARE.format(workers=workers, address=bare_address, root=root), bare_address
    )
    text = exported_text(place, f"http://{bare_address}/simple/", address, workers)
    exported = Exported(place / "exported", text, address)
    try:
        page = exported.get("/simple/acme-core/")[2]
        file = f"{page.partition('/simple/')[0]}/files/{_NAME}"
        rows: list[list[object]] = []
        for what, plain, ours in (
            ("a page", "/simple/acme-core/", page),
            ("a file of 100 kB", f"/files/{_NAME}", file),
        ):
            one = requests_per_second(f"http://{bare_address}{plain}", seconds)
            two = requests_per_second(f"http://{address}{ours}", seconds)
            rows.append([what, workers, f"{one:,.0f}", f"{two:,.0f}", f"{two / one:.2f}"])
        three = requests_per_second(f"http://{address}/simple/acme-core/", seconds)
        rows.append(["the redirect to the page", workers, "", f"{three:,.0f}", ""])
        return rows, ask_while_killing(exported, page)
    finally:
        exported.close()
        bare.close()


if __name__ == "__main__":
    main()
