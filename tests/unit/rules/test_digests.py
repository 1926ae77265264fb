"""Which digests count (reference: External files)."""

from __future__ import annotations

import pytest

from rim_router.rules.digests import strong, valid

LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@pytest.mark.parametrize(("algorithm", "length"), LENGTHS.items())
def test_a_strong_digest_has_as_many_digits_as_its_algorithm_gives(algorithm: str, length: int) -> None:
    """Neither one more nor one less, and those of no other algorithm."""
    assert valid(algorithm, "0123456789abcdef" * (length // 16))
    for other in {0, 1, length - 1, length + 1, 2 * length, *LENGTHS.values()} - {length}:
        assert not valid(algorithm, "0" * other)


@pytest.mark.parametrize(
    ("algorithm", "length"), [("md5", 32), ("sha1", 40), ("sha224", 56), ("blake2b", 128), ("", 64), ("", 0)]
)
def test_other_algorithms_do_not_count(algorithm: str, length: int) -> None:
    """However well-formed the digest is."""
    assert not valid(algorithm, "0" * length)
    assert strong({algorithm: "0" * length}) == {}


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "abc",
        "g" * 64,
        " " + "0" * 63,
        "0" * 63 + "\n",
        "0" * 64 + "\n",
        "0x" + "0" * 62,
        "-" + "0" * 63,
        "0_" * 32,
        "\u0660" * 64,
        "\uff10" * 64,
    ],
)
def test_a_malformed_digest_does_not_count(digest: str) -> None:
    """It cannot be the digest of anything, or whoever compares it could take it for none at all."""
    assert not valid("sha256", digest)
    assert strong({"sha256": digest}) == {}


def test_digests_are_compared_in_lower_case() -> None:
    """Pages write them and their algorithms in both."""
    assert not valid("sha256", "F" * 64)
    assert not valid("SHA256", "f" * 64)
    assert strong({"SHA256": "F" * 64}) == {"sha256": "f" * 64}


@pytest.mark.parametrize("value", [None, 0, [], {}, b"0" * 64])
def test_what_is_no_text_does_not_count(value: object) -> None:
    """A page can have anything there."""
    assert strong({"sha256": value, "sha512": "1" * 128}) == {"sha512": "1" * 128}


def test_those_that_count_are_told_from_the_others() -> None:
    """One that does not count spoils no other."""
    hashes = {"md5": "0" * 32, "sha256": "0" * 64, "sha384": "", "sha512": "1" * 128}
    assert strong(hashes) == {"sha256": "0" * 64, "sha512": "1" * 128}
    assert strong({}) == {}
