"""Index URLs with ``rim+`` in front."""

from __future__ import annotations

import pytest

from rim_router.rules.guards import Guarded, is_guarded, unguarded

DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "url", "is_table", "sha256"),
    [
        ("rim+https://pypi.org/simple", "https://pypi.org/simple", False, None),
        ("RIM+https://pypi.org/simple/", "https://pypi.org/simple/", False, None),
        ("rim+http://localhost:8080/simple", "http://localhost:8080/simple", False, None),
        ("rim+file:///srv/simple", "file:///srv/simple", False, None),
        ("rim+https://ci:pw@host.example/x.toml", "https://ci:pw@host.example/x.toml", True, None),
        (
            f"rim+https://host.example/X.TOML#sha256={DIGEST.upper()}",
            "https://host.example/X.TOML",
            True,
            DIGEST,
        ),
        ("rim+file:///etc/routes.toml", "file:///etc/routes.toml", True, None),
        ("rim+https://host.example/x.toml?v=2", "https://host.example/x.toml?v=2", True, None),
    ],
)
def test_read(text: str, url: str, is_table: bool, sha256: str | None) -> None:
    """What follows ``rim+``, and whether it is a table."""
    assert is_guarded(text)
    assert Guarded.parse(text) == Guarded(url, is_table, sha256)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rim+ftp://host.example/simple", "begins with rim+https: or rim+http: or rim+file:"),
        ("rim+http://host.example/x.toml", "begins with rim+https: or rim+file:"),
        ("rim+https:////host.example/simple", "begins with two slashes"),
        ("rim+https://host.example/simple#sha256=" + DIGEST, "an index cannot have"),
        ("rim+https://host.example/x.toml#sha256=123", "64 hexadecimal digits"),
        ("rim+https://host.example/x.toml#md5=" + DIGEST, "64 hexadecimal digits"),
        ("rim+file://server/share/x.toml", "is not on this machine"),
        ("rim+simple", "begins with rim+https:"),
        ("rim+", "begins with rim+https:"),
    ],
)
def test_faults(text: str, message: str) -> None:
    """What cannot be used says why."""
    with pytest.raises(ValueError, match="rim") as caught:
        Guarded.parse(text)
    assert message in str(caught.value)


def test_secrets_are_not_shown() -> None:
    """Neither in its text nor in what is wrong with it."""
    assert str(Guarded.parse("rim+https://ci:sesame@host.example/x.toml")) == (
        "rim+https://****@host.example/x.toml"
    )
    with pytest.raises(ValueError, match="begins with") as caught:
        Guarded.parse("rim+ftp://ci:sesame@host.example/simple")
    assert "sesame" not in str(caught.value)


def test_unguarded() -> None:
    """Indexes as pip is to ask them; tables are none."""
    urls = ["rim+https://a.example/simple", "https://b.example/simple", "rim+https://c.example/t.toml"]
    assert unguarded(urls) == ["https://a.example/simple", "https://b.example/simple"]
