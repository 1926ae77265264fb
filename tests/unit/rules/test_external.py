"""Whether a file of an index page may be used (reference: Which files may be used)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rim_router.rules.external import Judge, judge_wheel
from rim_router.rules.pins import Pin, Pins
from rim_router.rules.policy import Policy
from rim_router.rules.source import Source
from rim_router.rules.table import ExternalWheel, Index
from rim_router.rules.urls import HostPattern, filename_of

if TYPE_CHECKING:
    from rim_router.rules.verdict import Verdict

SOURCE = Source("project", "./index-routing.toml")
INDEX = Index(
    "acme",
    "https://acme.example/simple",
    SOURCE,
    mirrors=("https://mirror.example/simple",),
    external_hosts=(HostPattern("cdn.example"),),
)
LOCAL = Index("local", "file:///srv/simple", SOURCE, external_hosts=(HostPattern("cdn.example"),))
SHA256 = {"sha256": "0" * 64}
RECORD = "to record its digest, run: rim-router pin x"
NO_HASH = f"external to index acme, which gives no sha256, sha384 or sha512 for it; {RECORD}"
UNREADABLE = "its URL cannot be read, or programs read it differently"
MD5 = {"md5": "0" * 32}


DIGEST = "1" * 64
PINNED = Pins(
    [
        Pin(
            "x",
            "1",
            "x.whl",
            "https://cdn.example/x.whl",
            None,
            {"sha256": DIGEST},
            Source("project", "./pins"),
        )
    ]
)


def judge(
    url: str,
    hashes: dict[str, str],
    index: Index,
    policy: Policy,
    pins: Pins | None = None,
    *,
    filename: str = "x.whl",
    recording: bool = False,
) -> Verdict:
    """Judge a file of the project x."""
    own = index.own_origins
    return Judge("x", index, policy, Pins() if pins is None else pins, own, recording).judge(
        url, filename, hashes
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.example/files/x.whl",
        "https://mirror.example/x.whl",
        "https://u:p@acme.example:443/x.whl",
    ],
)
def test_files_of_the_index_and_its_mirrors_need_nothing(url: str) -> None:
    """They are not external."""
    verdict = judge(url, {}, INDEX, Policy())
    assert verdict.allowed
    assert not verdict.external
    assert verdict.reason == "on the origin of index acme"


@pytest.mark.parametrize(
    ("hashes", "allowed"),
    [
        ({}, False),
        (MD5, False),
        (SHA256, True),
        ({"sha384": "0" * 96}, True),
        ({"SHA512": "F" * 128}, True),
        ({"sha256": "0"}, False),
        ({"sha384": ""}, False),
    ],
)
def test_the_strictest_policy_wants_strong_hashes_for_these_too(
    hashes: dict[str, str], allowed: bool
) -> None:
    """But not for files that lie in the file system."""
    policy = Policy(require_hashes="all")
    assert judge("https://acme.example/x.whl", hashes, INDEX, policy).allowed is allowed
    assert judge("file:///srv/simple/x.whl", hashes, LOCAL, policy).allowed


def test_an_external_file_on_a_listed_host_with_a_strong_hash_is_allowed() -> None:
    """The verdict names the entry."""
    verdict = judge("https://cdn.example/x.whl?signature=secret", SHA256, INDEX, Policy())
    assert verdict.allowed
    assert verdict.external
    assert str(verdict) == "https://cdn.example/x.whl?****: external-hosts of index acme has cdn.example"


@pytest.mark.parametrize(
    ("url", "hashes", "said"),
    [
        ("http://acme.example/x.whl", SHA256, "external to index acme and not https"),
        ("http://cdn.example/x.whl", SHA256, "external to index acme and not https"),
        ("file:///etc/x.whl", SHA256, "external to index acme and not https"),
        (
            "https://other.example:8443/x.whl",
            SHA256,
            (
                "host other.example:8443 is not among the external-hosts of index acme; "
                'to allow it, set external-hosts = ["cdn.example", "other.example:8443"] '
                "in index acme in ./index-routing.toml"
            ),
        ),
        (
            "https://cdn.example/x.whl",
            MD5,
            NO_HASH,
        ),
        (
            "https://cdn.example/x.whl",
            {},
            NO_HASH,
        ),
        ("https://cdn.example:x/x.whl", SHA256, UNREADABLE),
        ("https://evil.example\\@acme.example/x.whl", SHA256, UNREADABLE),
    ],
)
def test_any_other_external_file_is_refused(url: str, hashes: dict[str, str], said: str) -> None:
    """With the reason, and what to do about it."""
    verdict = judge(url, hashes, INDEX, Policy())
    assert not verdict.allowed
    assert verdict.external
    assert str(verdict).partition(": ")[2].startswith(said)
    assert verdict.remedy is not None


def test_a_local_index_may_link_to_local_files_and_to_listed_hosts() -> None:
    """Each file of the file system is its own."""
    assert judge("file:///elsewhere/x.whl", {}, LOCAL, Policy()).allowed
    assert judge("https://cdn.example/x.whl", SHA256, LOCAL, Policy()).allowed
    assert not judge("https://cdn.example/x.whl", {}, LOCAL, Policy()).allowed


def test_a_pin_is_as_good_as_a_digest_of_the_page() -> None:
    """And its digest is one of those that the file must have."""
    for hashes in ({}, MD5, {"sha256": DIGEST}):
        verdict = judge("https://cdn.example/x.whl", hashes, INDEX, Policy(), PINNED)
        assert verdict.allowed
        assert verdict.digests == {"sha256": DIGEST}
    both = judge("https://cdn.example/x.whl", {"sha512": "2" * 128}, INDEX, Policy(), PINNED)
    assert both.digests == {"sha256": DIGEST, "sha512": "2" * 128}


@pytest.mark.parametrize("url", ["https://cdn.example/x.whl", "https://acme.example/x.whl"])
def test_a_file_that_contradicts_its_pin_is_more_than_refused(url: str) -> None:
    """Whichever host offers it, the index's own included; both digests are shown."""
    verdict = judge(url, SHA256, INDEX, Policy(), PINNED)
    assert not verdict.allowed
    assert verdict.contradiction
    assert verdict.reason == f"its index page says sha256 {'0' * 64}, and ./pins says {DIGEST}"
    assert str(verdict.remedy) == "if the change is right, run: rim-router pin --update x==1"


def test_a_pin_opens_no_host() -> None:
    """Only the table's host list does."""
    verdict = judge("https://other.example/x.whl", {"sha256": DIGEST}, INDEX, Policy(), PINNED)
    assert not verdict.allowed
    assert not verdict.contradiction


@pytest.mark.parametrize(
    ("index", "policy"),
    [
        (INDEX, Policy(pins="required")),
        (INDEX.replaced(pins_required=True), Policy()),
    ],
)
def test_where_pins_are_required_a_digest_of_the_page_is_not_enough(index: Index, policy: Policy) -> None:
    """For external files; those of the index itself need none."""
    verdict = judge("https://cdn.example/x.whl", SHA256, index, policy)
    assert not verdict.allowed
    assert str(verdict).endswith(f"external to index acme without a pin, and pins are required; {RECORD}")
    assert judge("https://cdn.example/x.whl", {}, index, policy, PINNED).allowed
    assert judge("https://acme.example/x.whl", {}, index, policy).allowed


def test_while_digests_are_recorded_files_without_one_may_be_used() -> None:
    """And what is pinned is compared afterwards; hosts still have to be listed, and https."""
    for policy in (Policy(), Policy(pins="required"), Policy(require_hashes="all")):
        for pins in (Pins(), PINNED):
            assert judge("https://cdn.example/x.whl", {}, INDEX, policy, pins, recording=True).allowed
            assert judge("https://cdn.example/x.whl", SHA256, INDEX, policy, pins, recording=True).allowed
    assert not judge("https://other.example/x.whl", SHA256, INDEX, Policy(), recording=True).allowed
    assert not judge("http://cdn.example/x.whl", SHA256, INDEX, Policy(), recording=True).allowed


@pytest.mark.parametrize(
    ("url", "policy", "hashes"),
    [
        ("https://acme.example/x.rim", Policy(require_hashes="all"), {}),
        ("https://cdn.example/x.rim", Policy(pins="required"), SHA256),
    ],
)
def test_a_rim_is_as_good_as_pinned_if_its_wheel_is(url: str, policy: Policy, hashes: dict[str, str]) -> None:
    """So the command that records the wheel helps; the pinned digest is not the one that it must have."""
    assert str(judge(url, hashes, INDEX, policy, filename="x.rim")).endswith(RECORD)
    assert judge(url, hashes, INDEX, policy, filename="x.rim", recording=True).allowed
    verdict = judge(url, hashes, INDEX, policy, PINNED, filename="x.rim")
    assert verdict.allowed
    assert verdict.digests == hashes
    assert not judge(url, hashes, INDEX, policy, PINNED, filename="y.rim").allowed


@pytest.mark.parametrize("recording", [False, True])
def test_an_external_rim_needs_a_digest_of_the_page(recording: bool) -> None:
    """No pin, and no command that makes one, stands in for it; and a glance is not enough to tell."""
    url = "https://cdn.example/x.rim"
    for hashes in ({}, MD5):
        verdict = judge(url, hashes, INDEX, Policy(), PINNED, filename="x.rim", recording=recording)
        assert not verdict.allowed
        assert "rim-router pin" not in str(verdict)
        hasty = Judge("x", INDEX, Policy(), Pins(), INDEX.own_origins, recording)
        assert hasty.clears([url], [hashes]) == [False]
    assert judge(url, SHA256, INDEX, Policy(), filename="x.rim", recording=recording).allowed


def test_a_wheel_of_the_table_is_allowed_by_being_there() -> None:
    """With its digests, unless a pin says another one."""
    url = "https://any.example/x.whl"
    wheel = ExternalWheel("x.whl", "x", "1", (url,), {"sha256": DIGEST}, SOURCE)
    verdict = judge_wheel(wheel, url, PINNED)
    assert verdict.allowed
    assert verdict.digests == {"sha256": DIGEST}
    other = wheel.replaced(digests={"sha256": "0" * 64})
    assert judge_wheel(other, url, Pins()).allowed
    assert judge_wheel(other, url, PINNED).contradiction


URLS = st.builds(
    "{}{}{}".format,
    st.sampled_from(
        [
            "https://acme.example",
            "https://cdn.example",
            "https://other.example",
            "http://acme.example",
            "http://cdn.example:80",
            "https://u:p@cdn.example:443",
            "https://evil.example\\\\@cdn.example",
            "file://",
            "",
        ]
    ),
    st.sampled_from(["/", "", "/a/", "//", "/\\", "/%2F"]),
    st.sampled_from(["x.whl", "y.whl", "x%2ewhl", "x.whl?q=/y.whl", "y\n.whl", "x.whl#sha256=0"]),
)


LINKS = st.lists(st.tuples(URLS, st.sampled_from([None, "", "0" * 64, DIGEST, "g" * 64])), max_size=6)


@given(LINKS, st.sampled_from(["external", "all"]), st.sampled_from(["optional", "required"]), st.booleans())
def test_what_a_glance_clears_is_allowed(
    links: list[tuple[str, str | None]], hashes: str, pins: str, pinned: bool
) -> None:
    """Alone and among others; and is judged in earnest before it is used. What is pinned never is."""
    policy = Policy(require_hashes=hashes, pins=pins)
    judge_ = Judge("x", INDEX, policy, PINNED if pinned else Pins(), INDEX.own_origins)
    given_ = [{} if sha256 is None else {"sha256": sha256} for _, sha256 in links]
    together = judge_.clears([url for url, _ in links], given_)
    for (url, _), each, cleared in zip(links, given_, together):
        if cleared or judge_.clears([url], [each]) == [True]:
            plain = url.partition("#")[0]
            assert judge_.judge(plain, filename_of(plain), each).allowed


@pytest.mark.parametrize(
    ("host", "hashes", "expected"),
    [
        ("acme.example", [None, SHA256, MD5], [True, True, True]),
        ("cdn.example", [None, SHA256, MD5, {"sha256": "g" * 64}], [False, True, False, False]),
        ("evil.example", [SHA256, None], [False, False]),
    ],
)
def test_a_glance_is_enough_for_what_most_pages_have(
    host: str, hashes: list[dict[str, str] | None], expected: list[bool]
) -> None:
    """Otherwise pages with thousands of links would take long."""
    judge_ = Judge("x", INDEX, Policy(), Pins(), INDEX.own_origins)
    urls = [f"https://{host}/w/{number}/x.whl" for number in range(len(hashes))]
    assert judge_.clears(urls, hashes) == expected
    for url, each, cleared in zip(urls, hashes, expected):
        assert judge_.clears([url, "https://other.example/y"], [each, None])[0] is cleared


def test_a_contradiction_is_one_whatever_else_is_wrong() -> None:
    """A file that is not what it was stops pip also if its host is not listed: to skip it would hide that."""
    verdict = judge("https://evil.example/x.whl", SHA256, INDEX, Policy(), PINNED)
    assert not verdict.allowed
    assert verdict.contradiction
    assert DIGEST in verdict.reason
    same = judge("https://evil.example/x.whl", {"sha256": DIGEST}, INDEX, Policy(), PINNED)
    assert not same.allowed
    assert not same.contradiction
    assert "evil.example is not among the external-hosts" in same.reason
