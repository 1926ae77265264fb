"""Whether a direct reference to a claimed name may be followed (reference: Look-ups, rule 6). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rim_router.record import EMPTY, Record
from rim_router.rules import remedies
from rim_router.rules.age import age_for
from rim_router.rules.digests import strong as strong_digests
from rim_router.rules.filenames import WHEELS, version_of
from rim_router.rules.names import WHEEL_SUFFIX
from rim_router.rules.table import Kind
from rim_router.rules.urls import LOCAL, UNREADABLE, Origin, filename_of, redact
from rim_router.rules.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from rim_router.rules.age import Age
    from rim_router.rules.policy import Policy
    from rim_router.rules.remedies import Remedy
    from rim_router.rules.table import Decision, Specifier

_FOLDER = "subdirectory="
_ADDRESS = r"([a-z]+://[^/]*)(/.*)"
_NO_HASH = "it carries no sha256, sha384 or sha512"
_STRANGERS_PATH = "a local path in the metadata of another project is not trusted"


def judge_reference(
    url: str,
    decision: Decision,
    policy: Policy,
    *,
    strong: bool,
    pinned: bool = False,
    stranger: str | None = None,
    exempt: Mapping[str, Sequence[Specifier]] = EMPTY,
    uploaded: datetime | None = None,
    now: datetime | None = None,
) -> Verdict:
    """Judge the URL of a direct reference.

    :param url: as pip has it, with ``git+`` and the like in front of VCS URLs.
    :param decision: that of the project; it must be a claimed one.
    :param strong: whether the reference carries a sha256, sha384 or sha512 and no weaker hash, or is pinned.
    :param pinned: whether its file name is.
    :param stranger: the project in whose metadata it is; None if it is the user's own word. A hash in such
        metadata proves nothing.
    :param exempt: see :func:`rim_router.rules.age.age_for`.
    :param uploaded: when the user's lock file says that it was; None if nobody does.
    :param now: the time that counts; None if nobody is told how old what the user has named is.
    """
    asked = _Reference(url, decision, stranger)
    if decision.target.kind is Kind.DENY:
        return asked.refused(
            f"the table denies it: {decision.target.reason}", remedies.denied(decision.claim_with_line)
        )
    try:
        origin = Origin.of(url[url.find("+") + 1 :] if asked.is_vcs else url)
    except ValueError:
        reason = f"its URL {UNREADABLE}"
        return asked.refused(reason, remedies.correct_url(decision.name))
    counts = stranger is None or pinned
    verdict = _judge(asked, origin, policy, strong and counts)
    if not verdict.allowed or origin == LOCAL:
        return verdict
    # What holds for the files of an index holds for those that are named directly, too.
    if policy.require_hashes == "all" and not (strong and counts):
        what = "a hash in the metadata of another project does not count" if strong else _NO_HASH
        return asked.refused(f'policy.require-hashes is "all", and {what}', asked.hash_remedy())
    ages = _ages(decision, origin, policy, exempt)
    verdict = _aged(asked, verdict, ages, uploaded, now, named=strong and counts)
    if not verdict.allowed:
        return verdict
    required = policy.pins == "required" or any(index.pins_required for index in decision.indexes)
    if required and verdict.external and not pinned:
        remedy = remedies.record_reference(decision.name, url)
        if asked.is_vcs or "****" in asked.shown:
            remedy = asked.name_remedy()
        return asked.refused("external and not pinned, and pins are required", remedy)
    return verdict


def _aged(
    asked: _Reference,
    verdict: Verdict,
    ages: Iterable[Age],
    uploaded: datetime | None,
    now: datetime | None,
    *,
    named: bool,
) -> Verdict:
    """What ages make of the verdict on a reference that may be followed otherwise.

    :param named: whether the user has named it with a hash.
    """
    for age in ages:
        version = "" if asked.is_vcs else version_of(filename_of(asked.url), asked.decision.name)
        reason, why = f"nobody says when it was uploaded, and {age.rule}", age.exempts(version)
        if named:
            why = "as all is that you name with a hash"
            if uploaded is not None and now is not None:
                if age.is_reached(uploaded, now):
                    continue
                reason = age.too_new(uploaded)
        if why is None:
            return asked.refused(reason, asked.hash_remedy(), external=verdict.external)
        verdict = verdict.replaced(although=f"{reason}; it is exempt ({why})", uploaded=uploaded)
    return verdict


def _ages(
    decision: Decision, origin: Origin, policy: Policy, exempt: Mapping[str, Sequence[Specifier]]
) -> Iterator[Age]:
    """The ages that hold for what is on an origin: of the indexes that it belongs to; if to none, of all."""
    indexes = [each for each in decision.indexes if origin in each.own_origins or each.lists_host(origin)]
    for index in indexes or decision.indexes or (None,):
        age = age_for(decision, index, policy, exempt)
        if age is not None:
            yield age


def hash_remedy(url: str, decision: Decision, stranger: str | None) -> Remedy:
    """How a digest of what a direct reference leads to would become known; see :func:`judge_reference`."""
    return _Reference(url, decision, stranger).hash_remedy()


class _Reference(Record):
    """See :func:`judge_reference`."""

    url: str
    decision: Decision
    stranger: str | None

    @property
    def shown(self) -> str:
        return redact(self.url)

    @property
    def is_vcs(self) -> bool:
        """Whether it leads to a repository."""
        return "+" in self.url.partition(":")[0]

    def refused(self, reason: str, remedy: Remedy, *, external: bool = True) -> Verdict:
        return Verdict(False, self.shown, external, reason, remedy)

    def name_remedy(self) -> Remedy:
        """What helps where no URL does."""
        if self.stranger is not None:
            return remedies.do_without()
        return remedies.require_by_name(self._requirement)

    def hash_remedy(self) -> Remedy:
        """What helps where only the hash is missing, or is not the user's."""
        if self.is_vcs:
            if self.stranger is not None:
                return self.name_remedy()
            return self._clone_remedy()
        if self.stranger is not None:
            return remedies.pin_reference(self.decision.name, self.shown, self._sha256)
        table = self.decision.route.source.file if self.decision.route else "index-routing.toml"
        return remedies.add_hash(self._requirement, self.shown, table, can_be_entry=self._can_be_entry)

    def _clone_remedy(self) -> Remedy:
        tool, _, rest = self.shown.partition("+")
        rest, fragment = rest.partition("#")[0], self.url.partition("#")[2]
        # As pip reads it: a revision stands behind the last @ of the path.
        split = re.fullmatch(_ADDRESS, rest)
        server, path = split.groups() if split else ("", "")
        path, _, revision = path.rpartition("@") if "@" in path else (path, "", "")
        known = tool == "git" and bool(server) and "****" not in rest and not revision.startswith("-")
        folders = [part[len(_FOLDER) :] for part in fragment.split("&") if part.startswith(_FOLDER)]
        folder = "".join(folders[:1])
        return remedies.use_directory(
            self.decision.name,
            f"{server}{path}" if known else None,
            revision if known else "",
            "" if folder.startswith("/") or ".." in folder.split("/") else folder,
        )

    @property
    def _can_be_entry(self) -> bool:
        """Whether a ``[[wheel]]`` can have its URL."""
        parts = filename_of(self.url).split("-")
        is_plain = self.url.startswith("https://") and self.shown == self.url.partition("#")[0]
        return is_plain and len(parts) in (5, 6) and parts[-1].endswith(WHEEL_SUFFIX)

    @property
    def _requirement(self) -> str:
        """The same by name, and by version where a file name tells."""
        filename = "" if self.is_vcs else filename_of(self.url)
        version = filename.split("-")[1] if filename.endswith(WHEELS) and "-" in filename else ""
        return remedies.quoted(f"{self.decision.name}=={version}" if version else self.decision.name)

    @property
    def _sha256(self) -> str | None:
        """The sha256 that its URL gives."""
        fragment = dict(part.split("=", 1) for part in self.url.partition("#")[2].split("&") if "=" in part)
        return strong_digests(fragment).get("sha256")


def _judge(asked: _Reference, origin: Origin, policy: Policy, strong: bool) -> Verdict:
    shown, decision, stranger = asked.shown, asked.decision, asked.stranger
    if origin == LOCAL:
        if stranger is None or policy.direct_references == "allow":
            return Verdict(True, shown, False, "a local path")
        return asked.refused(_STRANGERS_PATH, remedies.repeat_path(decision.name, shown), external=False)
    if policy.direct_references == "allow":
        return Verdict(True, shown, origin not in decision.origins, 'policy.direct-references is "allow"')
    if policy.direct_references == "deny":
        return asked.refused('policy.direct-references is "deny"', asked.name_remedy())
    if origin in decision.origins:
        return Verdict(True, shown, False, "on the origin of its index")
    for index in decision.indexes:
        if origin.scheme == "https" and index.lists_host(origin):
            return Verdict(True, shown, True, f"on a host among the external-hosts of index {index.name}")
    if strong:
        return Verdict(True, shown, True, "carries a strong hash")
    return _refused(asked)


def _refused(asked: _Reference) -> Verdict:
    """The verdict on a reference that nothing speaks for."""
    for index in asked.decision.indexes:
        if index.unset:
            reason = f"it is not known whether it is on the origin of index {index.name} in {index.source}"
            return asked.refused(reason, remedies.set_variables(index.unset))
    where = "it is neither local nor on the origin or external-hosts of its index"
    if asked.is_vcs:
        reason = f"{where}, and no hash can say what a repository has"
    elif asked.stranger is not None:
        reason = (
            "a hash in the metadata of another project is not trusted, "
            "and the URL is not on the origin or external-hosts of the index"
        )
    else:
        reason = f"{where}, and carries no sha256, sha384 or sha512"
    return asked.refused(reason, asked.hash_remedy())
