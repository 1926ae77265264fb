"""Bars of ratios as an SVG picture, light and dark, which says in words what it shows."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_STYLE = """\
    text { font: 16px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Arial, sans-serif; fill: #1f2328 }
    .head { font-weight: 600 }
    .page { fill: #ffffff }
    .bar { fill: #8c959f }
    .own { fill: #0a58ca }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .page { fill: #0d1117 }
      .bar { fill: #6e7681 }
      .own { fill: #6cb0ff }
    }
"""
_WIDTH, _LEFT, _ROOM, _STEP, _TOP = 900, 330, 480, 34, 56


def bars(heading: str, values: Sequence[tuple[str, float, str]]) -> str:
    """The picture.

    :param values: of each bar its name, its length, and what is written beside it; a name in ``**`` is ours.
    """
    longest = max(length for _, length, _ in values)
    said = "; ".join(f"{_plain(name)}: {text}" for name, _, text in values)
    height = _TOP + _STEP * len(values) + 14
    size = f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="title description"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f'  <title id="title">{escape(heading)}</title>',
        f'  <desc id="description">{escape(said)}.</desc>',
        f"  <style>\n{_STYLE}  </style>",
        f'  <rect class="page" width="{_WIDTH}" height="{height}"/>',
        f'  <text class="head" x="20" y="32">{escape(heading)}</text>',
    ]
    for number, (name, length, text) in enumerate(values):
        y = _TOP + _STEP * number
        kind, width = "own" if "**" in name else "bar", max(2, round(_ROOM * length / longest))
        lines.append(f'  <text x="{_LEFT - 12}" y="{y + 18}" text-anchor="end">{escape(_plain(name))}</text>')
        lines.append(f'  <rect class="{kind}" x="{_LEFT}" y="{y}" width="{width}" height="24" rx="3"/>')
        lines.append(f'  <text x="{_LEFT + width + 8}" y="{y + 18}">{escape(text)}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _plain(name: str) -> str:
    return name.replace("**", "")
