"""Whether a direct reference to a claimed name may be followed (reference: Look-ups, rule 6)."""

from __future__ import annotations

import pytest

from rim_router.rules.filenames import names_in
from rim_router.rules.names import Pattern
from rim_router.rules.policy import Policy
from rim_router.rules.references import judge_reference
from rim_router.rules.source import Source
from rim_router.rules.table import Decision, Index, Kind, Route, Target
from rim_router.rules.urls import HostPattern

SOURCE = Source("project", "./index-routing.toml")
ACME = Index(
    "acme",
    "https://acme.example/simple",
    SOURCE,
    mirrors=("https://mirror.example:8443/simple",),
    external_hosts=(HostPattern("cdn.example"), HostPattern("store.example", wildcard=True)),
)
SECOND = Index("second", "http://second.example/simple", SOURCE)
PYPI = Index("pypi", "https://pypi.org/simple", SOURCE)


def decision(*indexes: Index, kind: Kind = Kind.INDEXES, reason: str = "") -> Decision:
    """What the table says of a name that it routes to these indexes."""
    target = Target(kind, indexes, "index-priority", reason)
    return Decision("acme-core", Route(Pattern.parse("acme-*"), (target,), SOURCE), target)


ROUTED = decision(ACME, SECOND)
POLICIES = {word: Policy(direct_references=word) for word in ("allow", "hashed", "deny")}
every_policy = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)

OWN = [
    "https://acme.example/x.whl",
    "https://u:p@ACME.example:443/x.whl",
    "https://mirror.example:8443/x.whl",
    "http://second.example/x.whl",
    "git+https://acme.example/x.git",
]
LISTED = [
    "https://cdn.example/x.whl",
    "https://eu.store.example/x.whl",
    "git+https://cdn.example/x.git@main#egg=acme-core",
]
ELSEWHERE = [
    "https://evil.example/x.whl",
    "https://mirror.example/x.whl",
    "http://acme.example/x.whl",
    "https://acme.example:8443/x.whl",
    "https://acme.example.evil.example/x.whl",
    "https://evil.example/https://acme.example/x.whl",
    "http://cdn.example/x.whl",
    "https://store.example/x.whl",
    "ftp://acme.example/x.whl",
    "file://host/x.whl",
    "file://acme.example/x.whl",
]
REPOSITORIES = [
    "git+https://evil.example/x.git",
    "git+ssh://git@acme.example/x.git",
    "git+git@acme.example:x.git",
    "git+file://host/x.git",
]
UNREADABLE = [
    "https://evil.example\\@acme.example/x.whl",
    "https://a@evil.example@acme.example/x.whl",
    "git+https://evil.example\\@acme.example/x.git",
    "https://acme.example\t/x.whl",
    "https:///x.whl",
    "https://acme.example:x/x.whl",
    "file://localhost\\@evil.example/x.whl",
]
LOCAL = ["file:///srv/x.whl", "file://localhost/srv/x.whl", "file:///srv/project", "git+file:///srv/x.git"]


class TestAllowed:
    """What each policy lets through."""

    @every_policy
    @pytest.mark.parametrize("url", LOCAL)
    def test_a_local_path(self, url: str, policy: Policy) -> None:
        """It is the user's own business, whatever the policy."""
        verdict = judge_reference(url, ROUTED, policy, strong=False)
        assert verdict.allowed
        assert not verdict.external
        assert verdict.reason == "a local path"

    @pytest.mark.parametrize("strong", [False, True])
    @pytest.mark.parametrize("url", OWN)
    def test_the_origin_of_an_index_or_of_a_mirror(self, url: str, strong: bool) -> None:
        """Of any index of the route."""
        verdict = judge_reference(url, ROUTED, POLICIES["hashed"], strong=strong)
        assert verdict.allowed
        assert not verdict.external
        assert verdict.reason == "on the origin of its index"

    def test_the_file_host_of_pypi(self) -> None:
        """It is known without a word in the table."""
        url = "https://files.pythonhosted.org/packages/x.whl"
        assert judge_reference(url, decision(PYPI), POLICIES["hashed"], strong=False).allowed
        assert not judge_reference(url, ROUTED, POLICIES["hashed"], strong=False).allowed

    @pytest.mark.parametrize("url", LISTED)
    def test_a_host_among_the_external_hosts(self, url: str) -> None:
        """Over https; it needs no hash."""
        verdict = judge_reference(url, ROUTED, POLICIES["hashed"], strong=False)
        assert verdict.allowed
        assert verdict.external
        assert verdict.reason == "on a host among the external-hosts of index acme"

    @pytest.mark.parametrize("url", ELSEWHERE)
    def test_any_place_with_a_strong_hash(self, url: str) -> None:
        """It is somebody's word for the content."""
        verdict = judge_reference(url, ROUTED, POLICIES["hashed"], strong=True)
        assert verdict.allowed
        assert verdict.external
        assert verdict.reason == "carries a strong hash"

    @pytest.mark.parametrize("url", [*OWN, *LISTED, *ELSEWHERE, *REPOSITORIES])
    def test_everything_by_policy(self, url: str) -> None:
        """With "allow" the host is not looked at."""
        verdict = judge_reference(url, ROUTED, POLICIES["allow"], strong=False)
        assert verdict.allowed
        assert verdict.reason == 'policy.direct-references is "allow"'


class TestRefused:
    """What each policy stops."""

    @pytest.mark.parametrize("url", ELSEWHERE)
    def test_any_other_place_without_a_strong_hash(self, url: str) -> None:
        """With what to do about it."""
        verdict = judge_reference(url, ROUTED, POLICIES["hashed"], strong=False)
        assert not verdict.allowed
        assert verdict.external
        assert verdict.reason == (
            "it is neither local nor on the origin or external-hosts of its index, "
            "and carries no sha256, sha384 or sha512"
        )
        assert str(verdict.remedy) == (
            "require it by name: acme-core; or, if you trust this exact file, add #sha256=… to its URL "
            "(download it: pip hash FILE prints the digest)"
        )

    @pytest.mark.parametrize(
        ("place", "entry"),
        [("https://evil.example/", True), ("http://a.example/", False), ("https://u:p@a.example/", False)],
    )
    def test_a_wheel(self, place: str, entry: bool) -> None:
        """The lines to write into the table are shown, where they would be right."""
        url = f"{place}acme_core-1.0-py3-none-any.whl"
        remedy = judge_reference(url, ROUTED, POLICIES["hashed"], strong=False).remedy
        assert remedy is not None
        assert remedy.text.startswith("require it by name: acme-core==1.0; or, ")
        lines = ("[[wheel]]", f'urls = ["{url}"]', 'sha256 = "…"')
        assert remedy.entry == (lines if entry else ())

    @pytest.mark.parametrize("url", REPOSITORIES)
    def test_repositories(self, url: str) -> None:
        """No hash helps there, and none is asked for."""
        verdict = judge_reference(url, ROUTED, POLICIES["hashed"], strong=False)
        assert not verdict.allowed
        assert verdict.reason.endswith("and no hash can say what a repository has")
        assert "sha256" not in f"{verdict.reason} {verdict.remedy}"
        assert "pip install ./acme-core" in str(verdict.remedy)

    @pytest.mark.parametrize("strong", [False, True])
    @pytest.mark.parametrize("url", [*OWN, *LISTED, *ELSEWHERE, *REPOSITORIES])
    def test_everything_that_is_not_local_by_policy(self, url: str, strong: bool) -> None:
        """With "deny" neither the host nor a hash helps."""
        verdict = judge_reference(url, ROUTED, POLICIES["deny"], strong=strong)
        assert not verdict.allowed
        assert verdict.reason == 'policy.direct-references is "deny"'
        assert str(verdict.remedy) == "require it by name: acme-core"

    @every_policy
    @pytest.mark.parametrize("strong", [False, True])
    @pytest.mark.parametrize("url", UNREADABLE)
    def test_what_nobody_can_tell_the_host_of(self, url: str, strong: bool, policy: Policy) -> None:
        """Not even a policy that allows everything, nor a hash, makes it clear what is asked."""
        verdict = judge_reference(url, ROUTED, policy, strong=strong)
        assert not verdict.allowed
        assert verdict.reason == "its URL cannot be read, or programs read it differently"

    @every_policy
    @pytest.mark.parametrize("url", [LOCAL[0], OWN[0], LISTED[0], ELSEWHERE[0], UNREADABLE[0]])
    def test_everything_that_the_table_denies(self, url: str, policy: Policy) -> None:
        """Denied is denied, wherever it comes from."""
        denied = decision(kind=Kind.DENY, reason="retired: use acme-kernel")
        verdict = judge_reference(url, denied, policy, strong=True)
        assert not verdict.allowed
        assert verdict.reason == "the table denies it: retired: use acme-kernel"

    def test_a_host_of_a_name_without_an_index(self) -> None:
        """A name that only has wheels of its own has no origin."""
        only_wheels = decision(kind=Kind.WHEELS)
        assert not judge_reference(OWN[0], only_wheels, POLICIES["hashed"], strong=False).allowed
        assert judge_reference(OWN[0], only_wheels, POLICIES["hashed"], strong=True).allowed

    def test_secrets_are_not_shown(self) -> None:
        """Neither credentials nor a signature."""
        url = "https://ci:t0ken@evil.example/x.whl?signature=s3cret"
        verdict = judge_reference(url, ROUTED, POLICIES["hashed"], strong=False)
        assert verdict.url == "https://****@evil.example/x.whl?****"


@pytest.mark.parametrize(
    ("filename", "names"),
    [
        ("acme_core-1.0-py3-none-any.whl", ["acme_core"]),
        ("acme_core-1.0-1-py3-none-any.rim", ["acme_core"]),
        ("acme-core-1.0.tar.gz", ["acme-core"]),
        ("acme-core-v1.0.zip", ["acme-core"]),
        ("acme-core-1.0-1.tar.gz", ["acme-core", "acme-core-1.0"]),
        ("acme-2-core-1.0.tgz", ["acme", "acme-2-core"]),
        ("Acme.Core-1.0.tar.bz2", ["Acme.Core"]),
        ("acme_core-1.0.tar.xz", ["acme_core"]),
        ("acme_core-1.0.tar", ["acme_core"]),
        ("acme_core-1.0-py3.9.egg", ["acme_core"]),
        ("main.zip", []),
        ("-1.0.zip", []),
        ("acme-core-1.0", []),
        ("", []),
    ],
)
def test_the_projects_that_a_file_name_may_speak_of(filename: str, names: list[str]) -> None:
    """One for a wheel; for a source distribution each that a version could follow."""
    assert names_in(filename) == names


class TestTightened:
    """What policy wants of the files of an index it wants of those that are named directly, too."""

    @pytest.mark.parametrize("direct", ["allow", "hashed"])
    @pytest.mark.parametrize("url", [*OWN, *LISTED])
    def test_hashes_of_all(self, url: str, direct: str) -> None:
        """Also where the host alone would be enough; a local path is the user's own business."""
        policy = Policy(direct_references=direct, require_hashes="all")
        verdict = judge_reference(url, ROUTED, policy, strong=False)
        assert not verdict.allowed
        assert 'policy.require-hashes is "all"' in verdict.reason
        assert judge_reference(url, ROUTED, policy, strong=True).allowed
        assert all(judge_reference(each, ROUTED, policy, strong=False).allowed for each in LOCAL)

    def test_what_helps(self) -> None:
        """A hash in the URL, but for a repository, where none counts."""
        policy = Policy(require_hashes="all")
        remedies = {url: str(judge_reference(url, ROUTED, policy, strong=False).remedy) for url in OWN}
        assert "add #sha256=… to its URL" in remedies["https://acme.example/x.whl"]
        assert "sha256" not in remedies["git+https://acme.example/x.git"]

    @pytest.mark.parametrize(
        ("url", "commands"),
        [
            ("git+https://evil.example/x.git", "git clone https://evil.example/x.git acme-core) "),
            (
                "git+https://evil.example/a/x.git@v1.0#egg=x&subdirectory=src/core",
                (
                    "git clone https://evil.example/a/x.git acme-core; git -C acme-core checkout v1.0) "
                    "and install that: pip install ./acme-core/src/core"
                ),
            ),
            (
                "git+https://evil.example/x.git@feature/y",
                "git clone https://evil.example/x.git acme-core; git -C acme-core checkout feature/y) ",
            ),
            (
                "git+https://evil.example/x.git@v1@2#subdirectory=../..",
                (
                    "git clone https://evil.example/x.git@v1 acme-core; git -C acme-core checkout 2) "
                    "and install that: pip install ./acme-core"
                ),
            ),
            ("git+https://evil.example/x@-f", "git clone URL acme-core) "),
            ("git+ssh://git@evil.example/x.git@v1", "git clone URL acme-core) "),
            ("git+git@evil.example:x.git", "git clone URL acme-core) "),
            ("hg+https://evil.example/x", "git clone URL acme-core) "),
        ],
    )
    def test_how_to_clone_it(self, url: str, commands: str) -> None:
        """The commands as they are to be typed, but for what must not be shown."""
        remedy = judge_reference(url, ROUTED, POLICIES["hashed"], strong=False).remedy
        assert commands in str(remedy)

    @pytest.mark.parametrize("direct", ["allow", "hashed"])
    @pytest.mark.parametrize("by", ["policy", "index"])
    @pytest.mark.parametrize("url", [LISTED[0], ELSEWHERE[0]])
    def test_pins_for_external_ones(self, url: str, by: str, direct: str) -> None:
        """A hash in the reference is no pin; what is on the origin of an index is not external."""
        policy = Policy(direct_references=direct, pins="required" if by == "policy" else "optional")
        routed = decision(ACME.replaced(pins_required=by == "index"), SECOND)
        verdict = judge_reference(url, routed, policy, strong=True)
        assert not verdict.allowed
        assert verdict.reason == "external and not pinned, and pins are required"
        assert judge_reference(url, routed, policy, strong=True, pinned=True).allowed
        assert judge_reference(OWN[0], routed, policy, strong=False).allowed
