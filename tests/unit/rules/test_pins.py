"""Pins: found by file name, and what contradicts them."""

from __future__ import annotations

import pytest

from rim_router.rules.pins import NO_PINS, Pin, Pins
from rim_router.rules.source import Source

SHA256, SHA512 = "a" * 64, "b" * 128
PIN = Pin(
    "torch",
    "2.6.0+cu126",
    "torch-2.6.0+cu126-cp311-cp311-linux_x86_64.whl",
    "https://cdn.example/torch-2.6.0%2Bcu126-cp311-cp311-linux_x86_64.whl",
    913,
    {"sha256": SHA256, "sha512": SHA512},
    Source("project", "./pylock.external.toml"),
)


def test_found_by_exactly_its_file_name() -> None:
    pins = Pins([PIN, PIN.replaced(filename="other-1.0.tar.gz")])
    assert pins.get(PIN.filename) is PIN
    assert pins.get(PIN.filename.upper()) is None
    assert pins.get("torch-2.6.0-cp311-cp311-linux_x86_64.whl") is None
    assert [pin.filename for pin in pins] == [PIN.filename, "other-1.0.tar.gz"]
    assert len(pins) == 2
    assert pins


def test_none_at_all() -> None:
    assert not NO_PINS
    assert not Pins()
    assert list(NO_PINS) == []
    assert NO_PINS.get(PIN.filename) is None


@pytest.mark.parametrize(
    ("digests", "size", "expected"),
    [
        ({}, None, None),
        ({"sha256": SHA256}, 913, None),
        ({"sha512": SHA512, "sha384": "c" * 96}, None, None),
        ({"sha384": "c" * 96, "md5": "d" * 32}, None, None),
        ({"sha256": "0" * 64}, None, "sha256"),
        ({"sha256": SHA256, "sha512": "0" * 128}, None, "sha512"),
        ({"sha256": SHA256}, 914, "size"),
        ({}, 0, "size"),
        ({"sha256": "0" * 64}, 914, "sha256"),
    ],
)
def test_contradiction(digests: dict[str, str], size: int | None, expected: str | None) -> None:
    """One digest that matches never rescues another that does not."""
    assert PIN.contradiction(digests, size) == expected


def test_a_pin_without_a_size_says_nothing_about_it() -> None:
    assert PIN.replaced(size=None).contradiction({}, 914) is None


@pytest.mark.parametrize("other", [PIN.filename, PIN.filename.replace("torch", "Torch", 1)])
def test_two_for_one_file_are_no_pins(other: str) -> None:
    """Neither would be the one that holds; whoever makes them has to put them together first."""
    with pytest.raises(ValueError, match="two pins"):
        Pins([PIN, PIN.replaced(filename=other, digests={"sha256": "0" * 64})])
