"""The page of an audit in a real browser, judged by axe-core in its light and in its dark colours."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from html import unescape
from typing import TYPE_CHECKING

import pytest

from rim_router.cli.audit.page import page
from tests.support.environments import once, run
from tests.unit.cli.test_audit_page import report

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.environments import Workshop

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_RUN = """
axe.run().then(found => {
  const shown = document.createElement("pre");
  shown.id = "axe";
  shown.textContent = JSON.stringify({violations: found.violations.map(each => [each.id, each.help,
    each.nodes.map(node => node.html)]), passes: found.passes.map(each => each.id)});
  document.body.append(shown);
});
"""


@pytest.fixture(scope="module")
def axe(workshop: Workshop) -> str:
    """The script of axe-core, as a package of a registry has it."""

    def fetch(path: Path) -> None:
        workshop.fetch(path, "axe-core-python", "--no-deps", using=sys.executable)

    (wheel,) = once(workshop.cache / "axe-core", fetch).glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read("axe_core_python/axe.min.js").decode("utf-8")


@pytest.mark.tools
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("options", [{}, {"evil": True}, {"empty": True}], ids=str)
def test_axe_finds_nothing(axe: str, options: dict[str, bool], colours: str, tmp_path: Path) -> None:
    """No violation of any of its rules, contrast included."""
    text = page(report(**options))
    # The page lets no script run: the judge needs one that does.
    text, count = re.subn('<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    assert count == 1
    if colours == "dark":
        text = text.replace("@media (prefers-color-scheme: dark)", "@media all")
    path = tmp_path / "page.html"
    path.write_text(text.replace("</body>", f"<script>{axe}</script><script>{_RUN}</script></body>"), "utf-8")
    command = [
        str(BROWSER),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    shown = run([*command, "--virtual-time-budget=20000", "--dump-dom", path.as_uri()])
    found = re.search(r'<pre id="axe">(.*?)</pre>', shown, re.DOTALL)
    assert found, shown[-2000:]
    judged = json.loads(unescape(found[1]))
    assert judged["violations"] == []
    assert {"color-contrast", "document-title", "html-has-lang"} <= set(judged["passes"])
