"""The README as an index shows it, where there is no repository for its relative links to lead into."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_CODE = r"(^```.*?^```$)"
_LINK = r"(!?)\[([^\]\n]*)\]\((?![a-z]+:)([^)\s]+)\)"


class ReadmeHook(MetadataHookInterface):
    """Sets ``readme`` of the project's metadata."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the README, with links into the repository that ``Source`` of the project's URLs names."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        source = metadata.get("urls", {}).get("Source")
        metadata["readme"] = {"content-type": "text/markdown", "text": with_absolute_links(text, source)}


def with_absolute_links(text: str, source: str | None) -> str:
    """A Markdown page without relative links.

    :param source: URL of the repository; without one the words of a link stay, and pictures go.
    """

    def absolute(match: re.Match[str]) -> str:
        picture, words, path = match.groups()
        if source is None:
            return "" if picture else words
        return f"{picture}[{words}]({source}/{'raw' if picture else 'blob'}/HEAD/{path})"

    parts = re.split(_CODE, text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if part.startswith("```") else re.sub(_LINK, absolute, part) for part in parts)
