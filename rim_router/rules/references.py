"""Whether a direct reference to a claimed name may be followed (reference: Look-ups, rule 6). Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rim_router.rules.names import RIM_SUFFIX, WHEEL_SUFFIX
from rim_router.rules.table import Kind
from rim_router.rules.urls import LOCAL, Origin, redact
from rim_router.rules.verdict import Verdict

if TYPE_CHECKING:
    from rim_router.rules.policy import Policy
    from rim_router.rules.table import Decision

_WHEELS = (WHEEL_SUFFIX, RIM_SUFFIX)
_ARCHIVES = (".tar.gz", ".zip", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".egg")
DISTRIBUTIONS = _WHEELS + _ARCHIVES
_BY_NAME = "require it by name and version"
_NO_HASH = "it carries no sha256, sha384 or sha512"
_ADD_HASH = "add #sha256=… to the URL"
_STRANGERS_PATH = "a local path in the metadata of another project is not trusted"
_YOURSELF = "do not use that project; or, if you trust this exact file, add it with its hash to your command"


def names_in(filename: str) -> list[str]:
    """The projects that a file name may speak of, as far as that can be told.

    In the name of a source distribution the version begins at a hyphen before a digit: at which one
    cannot always be told (``acme-core-1.0-1.tar.gz``).
    """
    if filename.endswith(_WHEELS):
        return [filename.partition("-")[0]]
    stem = next((filename[: -len(suffix)] for suffix in _ARCHIVES if filename.endswith(suffix)), "")
    return [stem[: match.start()] for match in re.finditer(r"(?<=.)-(?=v?\d)", stem)]


def judge_reference(
    url: str, decision: Decision, policy: Policy, *, strong: bool, pinned: bool = False, is_users: bool = True
) -> Verdict:
    """Judge the URL of a direct reference.

    :param url: as pip has it, with ``git+`` and the like in front of VCS URLs.
    :param decision: that of the project; it must be a claimed one.
    :param strong: whether the reference carries a sha256, sha384 or sha512 and no weaker hash, or is pinned.
    :param pinned: whether its file name is.
    :param is_users: whether it is the user's own word. In the metadata of another project a hash is a
        stranger's, and proves nothing.
    """
    shown = redact(url)
    if decision.target.kind is Kind.DENY:
        return Verdict(False, shown, True, f"the table denies it: {decision.target.reason}")
    try:
        origin = Origin.of(url[url.find("+") + 1 :] if _is_vcs(url) else url)
    except ValueError:
        return Verdict(False, shown, True, "its URL cannot be read, or programs read it differently")
    counts = is_users or pinned
    verdict = _judge(shown, origin, decision, policy, strong and counts, is_users)
    if not verdict.allowed or origin == LOCAL:
        return verdict
    # What holds for the files of an index holds for those that are named directly, too.
    if policy.require_hashes == "all" and not (strong and counts):
        what = "a hash in the metadata of another project does not count" if strong else _NO_HASH
        reason = f'policy.require-hashes is "all", and {what}'
        remedy = _BY_NAME if strong or _is_vcs(url) else _ADD_HASH
        return verdict.replaced(allowed=False, reason=reason, remedy=remedy)
    required = policy.pins == "required" or any(index.pins_required for index in decision.indexes)
    if required and verdict.external and not pinned:
        reason = "external and not pinned, and pins are required"
        return verdict.replaced(allowed=False, reason=reason, remedy=_BY_NAME)
    return verdict


def _is_vcs(url: str) -> bool:
    return "+" in url.partition(":")[0]


def _judge(
    shown: str, origin: Origin, decision: Decision, policy: Policy, strong: bool, is_users: bool
) -> Verdict:
    if origin == LOCAL:
        if is_users or policy.direct_references == "allow":
            return Verdict(True, shown, False, "a local path")
        return Verdict(False, shown, False, _STRANGERS_PATH, _YOURSELF)
    if policy.direct_references == "allow":
        return Verdict(True, shown, origin not in decision.origins, 'policy.direct-references is "allow"')
    if policy.direct_references == "deny":
        reason = 'policy.direct-references is "deny"'
        return Verdict(False, shown, True, reason, _BY_NAME)
    if origin in decision.origins:
        return Verdict(True, shown, False, "on the origin of its index")
    for index in decision.indexes:
        if origin.scheme == "https" and index.lists_host(origin):
            return Verdict(True, shown, True, f"on a host among the external-hosts of index {index.name}")
    if strong:
        return Verdict(True, shown, True, "carries a strong hash")
    return _refused(shown, decision, is_users)


def _refused(shown: str, decision: Decision, is_users: bool) -> Verdict:
    """The verdict on a reference that nothing speaks for."""
    for index in decision.indexes:
        if index.unset:
            reason = f"it is not known whether it is on the origin of index {index.name} in {index.source}"
            return Verdict(False, shown, True, reason, f"set {' and '.join(index.unset)}")
    if not is_users:
        reason = (
            "a hash in the metadata of another project is not trusted, "
            "and the URL is not on the origin or external-hosts of the index"
        )
        return Verdict(False, shown, True, reason, _YOURSELF)
    reason = (
        "it is neither local nor on the origin or external-hosts of its index, "
        "and carries no sha256, sha384 or sha512"
    )
    return Verdict(False, shown, True, reason, f"{_BY_NAME}, or, if you trust this exact file, {_ADD_HASH}")
