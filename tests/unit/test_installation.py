"""What no wheel may put into an environment."""

from __future__ import annotations

import pytest

pytest.importorskip("pip", reason="the hooks are for where there is a pip")

from rim_router.hooks.installation import tables_in


@pytest.mark.parametrize(
    "entry",
    [
        "gift-1.0.data/data/index-routing.toml",
        "gift-1.0.data/data/pylock.external.toml",
        "gift-1.0.data/data/./Index-Routing.TOML",
        "gift-1.0.data/data/share/../index-routing.toml",
        "gift-1.0.data/data//index-routing.toml",
        "gift-1.0.data//data/index-routing.toml",
        "gift-1.0.data/./data/index-routing.toml",
        "gift-1.0.data/x/../data/index-routing.toml",
        "gift-1.0.data/purelib/index-routing.toml",
        "gift/../index-routing.toml",
        "index-routing.toml",
        "gift-1.0.data\\data\\index-routing.toml",
    ],
)
def test_a_table_at_the_root_is_found(entry: str) -> None:
    """However its path is written, and where file names have no case; a ``--target`` is such a root too."""
    assert tables_in(["gift.py", entry]) == [entry]


@pytest.mark.parametrize(
    "entry",
    [
        "gift/index-routing.toml",
        "gift-1.0.data/data/share/gift/index-routing.toml",
        "gift-1.0.data/purelib/gift/index-routing.toml",
        "gift-1.0.data/data/index-routing.toml.txt",
        "gift-1.0.dist-info/RECORD",
    ],
)
def test_what_lies_elsewhere_is_no_table(entry: str) -> None:
    """It would not be in force."""
    assert tables_in([entry]) == []
