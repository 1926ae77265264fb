"""Whether what is installed came from where today's table would have it come from. Pure."""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import TYPE_CHECKING

from rim_router.libraries import library
from rim_router.record import Record
from rim_router.rules.age import EXEMPT_VARIABLE, AgedFile, age_for, parse_age
from rim_router.rules.contents import BROUGHT_ALONG, PLUGIN
from rim_router.rules.external import Judge, judge_wheel
from rim_router.rules.filenames import names_in, version_of
from rim_router.rules.names import WHEEL_SUFFIX, normalise
from rim_router.rules.provenance import LINKS, LOCK, REFERENCE, recordable
from rim_router.rules.references import judge_reference
from rim_router.rules.remedies import quoted
from rim_router.rules.table import Kind
from rim_router.rules.times import shown_time
from rim_router.rules.urls import Origin, filename_of, is_local

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from rim_router.rules.provenance import Provenance
    from rim_router.rules.source import Source
    from rim_router.rules.table import Decision, ExternalWheel, Index, RoutingTable


class State(Enum):
    """What can be said of an installed distribution, most urgent first."""

    TAMPERED = "tampered"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"
    DIRECT = "direct"
    OK = "ok"
    UNCLAIMED = "unclaimed"


_REFERENCES = {REFERENCE: "a URL that the user gave", LOCK: "an entry of a lock file"}
ARCHIVED = "is in an archive, which has no record"
COPIED = "was copied here by rim-router, and not installed from an index"
WRONG = frozenset({State.TAMPERED, State.ELSEWHERE, State.UNKNOWN})


class Found(Record):
    """An installed distribution.

    :param name: of its project, normalised.
    :param version: as its metadata have it; empty without any.
    :param place: the directory or file of its metadata, absolute.
    :param installer: what its INSTALLER says; None without one.
    :param provenance: where it came from; None if nothing is recorded that can be believed.
    :param doubt: why *provenance* is None.
    :param changed: the files that are not what its RECORD says, each with how.
    :param direct_url: the URL that PEP 610 records; None for none.
    """

    name: str
    version: str
    place: str
    installer: str | None
    provenance: Provenance | None
    doubt: str = ""
    changed: tuple[str, ...] = ()
    direct_url: str | None = None


class Finding(Record):
    """What can be said of an installed distribution, and why.

    :param decision: today's.
    :param why: a sentence without its subject.
    """

    found: Found
    decision: Decision
    state: State
    why: str

    @property
    def is_wrong(self) -> bool:
        """Whether a claimed name came from elsewhere, has no record, or was changed."""
        return self.decision.claimed and self.state in WRONG

    @property
    def remedy(self) -> str | None:
        """What to do about it: as a rule, a command for a shell, to be run where the table is in force."""
        if not self.is_wrong:
            return None
        if self.decision.target.kind is Kind.DENY:
            return f"{PIP} uninstall {quoted(self.found.name)}"
        if self._is_plugin_of_a_file:
            url = self.found.direct_url
            again = "FILE (its wheel)" if url is None or not is_local(url) else quoted(recordable(url))
            line = f'{PLUGIN} = "wheels"'
            return f"add {line} to [routes], so that no index is asked for it; then run: {REINSTALL} {again}"
        if self.found.direct_url is not None and self.state is State.UNKNOWN:
            url = quoted(recordable(self.found.direct_url))
            again = f"if it is to come from {url}, install it from there again"
            return f"{again}; if not, run: {REINSTALL} {self.request}"
        unset = [name for index in self.decision.indexes for name in index.unset]
        if self.state is State.UNKNOWN and self.found.provenance is not None and unset:
            return f"set {' and '.join(unset)}, and audit again"
        return f"{REINSTALL} {self.request}"

    @property
    def _is_plugin_of_a_file(self) -> bool:
        """Whether it is this plugin, of which nothing but ``"*"`` says where it is: it may be on no index."""
        route = self.decision.route
        return (
            self.found.name == PLUGIN
            and self.state is State.UNKNOWN
            and route is not None
            and not route.pattern.literal
        )

    @property
    def request(self) -> str:
        """The very version of it, quoted for a shell."""
        version = self.found.version
        return quoted(f"{self.found.name}=={version}" if version else self.found.name)


PIP = "python -m pip"
#: Has pip record where something comes from; followed by what. The table sees to it that this is right.
REINSTALL = f"{PIP} install --force-reinstall --no-deps"


def notes(findings: Iterable[Finding], table: RoutingTable) -> list[str]:
    """What has to be known of the commands that install again, as sentences; none without such a command."""
    again = [each for each in findings if (each.remedy or "").startswith(REINSTALL)]
    if not again:
        return []
    told = ["if pip finds no such version, or none that may be used, leave the version out of the command"]
    young = [
        each.request
        for each in again
        if any(age_for(each.decision, index, table.policy, table.exempt) for index in each.decision.indexes)
    ]
    if young:
        way = "do what pip says then"
        if not parse_age(table.policy.min_age or ""):
            way = f'set {EXEMPT_VARIABLE}="{" ".join(young)}" for it'
        told.append(f"min-age may refuse what is installed as too young: wait; or, to keep it, {way}")
    return told


def audit(installed: Iterable[Found], table: RoutingTable, now: datetime) -> list[Finding]:
    """What can be said of what is installed: what is wrong first, then by state and name.

    :param now: the time by which ages count.
    """
    every = list(installed)
    # Where a name has two metadata directories side by side, nobody knows whose files are there.
    seen = Counter((found.name, _directory(found)) for found in every if found.doubt != ARCHIVED)
    twice = {key for key, number in seen.items() if number > 1}
    findings = [
        finding(
            found.replaced(changed=("its metadata: there are two directories of them",))
            if (found.name, _directory(found)) in twice
            else found,
            table,
            now,
        )
        for found in every
    ]
    order = list(State)
    return sorted(findings, key=lambda each: (not each.is_wrong, order.index(each.state), each.found.name))


def _directory(found: Found) -> str:
    return found.place.replace("\\", "/").rpartition("/")[0]


def finding(found: Found, table: RoutingTable, now: datetime) -> Finding:
    """What can be said of one distribution."""
    decision = table.route(found.name)
    return Finding(found, decision, *_state(found, decision, table, now))


def _state(found: Found, decision: Decision, table: RoutingTable, now: datetime) -> tuple[State, str]:
    if found.changed:
        return State.TAMPERED, "is not what its RECORD says"
    if not decision.claimed:
        return State.UNCLAIMED, "is claimed by no route"
    if decision.target.kind is Kind.DENY:
        return State.ELSEWHERE, f"is denied: {decision.target.reason}"
    if found.doubt == COPIED and found.name in (PLUGIN, *BROUGHT_ALONG):
        return State.OK, "was copied here by rim-router itself, and is what its RECORD says"
    if found.provenance is None:
        return State.UNKNOWN, found.doubt
    return _of_claimed(found, found.provenance, decision, table, now)


def _of_claimed(
    found: Found, came: Provenance, decision: Decision, table: RoutingTable, now: datetime
) -> tuple[State, str]:
    filename = filename_of(came.url.rstrip("/"))  # as pip reads it
    if came.way not in _REFERENCES and not _is_of_distribution(filename, found):
        return State.UNKNOWN, f"has the record of another file: {came.url}"
    pin = table.pins.get(filename)
    if pin is not None and not (proof := _proof(came, pin.digests, pin.source)).holds:
        return proof.state, proof.why
    if came.way in _REFERENCES:
        verdict = judge_reference(
            came.url,
            decision,
            table.policy,
            strong=bool(came.hashes) or pin is not None,
            pinned=pin is not None,
            exempt=table.exempt,
        )
        state = State.DIRECT if verdict.allowed else State.ELSEWHERE
        return state, f"was installed from {_REFERENCES[came.way]}: {verdict.reason}"
    for wheel in decision.wheels:
        if came.url in map(recordable, wheel.urls):
            return _of_wheel(came, wheel, table)
    if came.way == LINKS:
        return _of_links(came, table)
    return _of_index(came, filename, decision, table, now)


def _is_of_distribution(filename: str, found: Found) -> bool:
    """Whether what pip found by its name is the file of this very distribution, or its source."""
    if found.name not in map(normalise, names_in(filename)):
        return False
    version = version_of(filename, found.name)
    return not filename.endswith(WHEEL_SUFFIX) or _same_version(version, found.version)


def _same_version(one: str, other: str) -> bool:
    version = library("packaging.version")
    try:
        return bool(version.Version(one) == version.Version(other))
    except version.InvalidVersion:
        return one.replace("_", "-") == other.replace("_", "-")


def _of_wheel(came: Provenance, wheel: ExternalWheel, table: RoutingTable) -> tuple[State, str]:
    proof = _proof(came, wheel.digests, wheel.source)
    if not proof.holds:
        return proof.state, proof.why
    verdict = judge_wheel(wheel, came.url, table.pins)
    if not verdict.allowed:
        return State.ELSEWHERE, f"came from a file that may not be used today: {verdict.reason}"
    return State.OK, f"is the {verdict.reason}"


class _Proof(Record):
    """Whether what is recorded of a file shows that it is the right one; if not, what to say."""

    holds: bool
    state: State = State.OK
    why: str = ""


def _proof(came: Provenance, required: Mapping[str, str], source: Source) -> _Proof:
    """Compare what is recorded with what a pin or a ``[[wheel]]`` requires; nothing in common is no proof."""
    common = [algorithm for algorithm in required if algorithm in came.hashes]
    for algorithm in common:
        was, should = came.hashes[algorithm], required[algorithm]
        if was != should:
            return _Proof(
                False, State.ELSEWHERE, f"came from a file with {algorithm} {was}, and {source} has {should}"
            )
    if common:
        return _Proof(True)
    recorded = " and ".join(came.hashes) or "no digest"
    return _Proof(
        False, State.UNKNOWN, f"has {recorded} in its record, and {source} has {' and '.join(required)}"
    )


def _of_links(came: Provenance, table: RoutingTable) -> tuple[State, str]:
    if not is_local(came.url):
        return State.ELSEWHERE, "came from find-links on a server"
    forbidden = table.policy.forbids_find_links
    if forbidden is not None:
        return State.ELSEWHERE, f"came from local find-links, and {forbidden}"
    return State.OK, "came from local find-links, with --no-index"


def _of_index(
    came: Provenance, filename: str, decision: Decision, table: RoutingTable, now: datetime
) -> tuple[State, str]:
    said = [
        _by_index(came, filename, decision, index, table, now)
        for index in decision.indexes
        if _is_of(came, index)
    ]
    if said:
        return next((each for each in said if each[0] is State.OK), said[-1])
    where = came.index_url or came.url
    whose = f"index {came.index} ({where})" if came.index is not None else where
    for each in decision.indexes:
        if each.unset:
            missing = " and ".join(each.unset)
            return State.UNKNOWN, f"came from {whose}, which may be {each.name}: its URL needs {missing}"
    today = ", ".join(map(str, decision.indexes)) or f"a [[wheel]], as {decision.claim_with_line} says"
    return State.ELSEWHERE, f"came from {whose}, and not from {today}"


def _by_index(
    came: Provenance, filename: str, decision: Decision, index: Index, table: RoutingTable, now: datetime
) -> tuple[State, str]:
    """What today's rules say of a file of an index."""
    judge = Judge(decision.name, index, table.policy, table.pins, _own(index))
    # What pip has found out by itself is not the word of an index.
    verdict = judge.judge(came.url, filename, came.hashes if came.expected else {})
    age = age_for(decision, index, table.policy, table.exempt)
    if age is not None and verdict.allowed:
        pin = table.pins.get(filename)
        file = AgedFile(filename, came.uploaded, None if pin is None else f"pinned in {pin.source}")
        verdict = age.judge(verdict, file, decision, None, now)
        if came.uploaded is None and not verdict.allowed:
            return State.UNKNOWN, f"has no upload time in its record, and {age.rule}"
    if not verdict.allowed:
        return State.ELSEWHERE, f"came from a file that may not be used today: {verdict.reason}"
    when = f"uploaded on {shown_time(came.uploaded)}" if age is not None and came.uploaded is not None else ""
    told = filter(None, (f"came from index {index.name}: {verdict.reason}", verdict.although or when))
    return State.OK, "; ".join(told)


def _is_of(came: Provenance, index: Index) -> bool:
    """Whether a record names one of the URLs of an index, as it would be recorded."""
    return came.index_url is not None and came.index_url.rstrip("/") in {
        recordable(url).rstrip("/") for url in index.urls
    }


def _own(index: Index) -> frozenset[Origin]:
    """The origins of an index; a page can be redirected from http to https on its own host."""
    upgraded = (Origin("https", each.host, 443) for each in index.own_origins if each.scheme == "http")
    return index.own_origins.union(upgraded)
