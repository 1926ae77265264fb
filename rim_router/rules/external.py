"""Whether a file that an index page or a ``[[wheel]]`` names may be used. Pure."""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

from rim_router.rules.digests import strong, valid
from rim_router.rules.names import RIM_SUFFIX, WHEEL_SUFFIX
from rim_router.rules.remedies import (
    accept_change,
    allow_host,
    ask_for_rim_digest,
    ask_index,
    correct_entry,
    record_digest,
)
from rim_router.rules.urls import LOCAL, UNREADABLE, Origin, filename_of, has_controls, redact
from rim_router.rules.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rim_router.rules.pins import Pins
    from rim_router.rules.policy import Policy
    from rim_router.rules.remedies import Remedy
    from rim_router.rules.table import ExternalWheel, Index

_STRONG = "sha256, sha384 or sha512"


class Judge:
    """The rules by which the files of one project on one index are judged.

    :param project_name: normalised.
    :param own: the origins whose files are not external; with them those that a page of the index was
        redirected to, from http to https on its own host.
    :param recording: whether pins are being made: what has no digest yet is to get one, and what is pinned
        already is compared afterwards.
    :param glances: what has been found out about the hosts of this index, for other projects.
    """

    def __init__(
        self,
        project_name: str,
        index: Index,
        policy: Policy,
        pins: Pins,
        own: frozenset[Origin],
        recording: bool = False,
        glances: dict[tuple[str, bool], bool] | None = None,
    ) -> None:
        self.project_name = project_name
        self.index = index
        self.policy = policy
        self.pins = pins
        self.own = own
        self.recording = recording
        self._has_pins = project_name in pins.projects
        self._glances = {} if glances is None else glances

    def judge(self, url: str, filename: str, hashes: Mapping[str, str]) -> Verdict:
        """Judge a file by where it lies and which digests are known for it.

        :param filename: the last part of the URL's path, unquoted.
        :param hashes: algorithm to hexadecimal digest, as the index page or a ``.rim`` gives them.
        """
        verdict = self._judge(url, hashes, filename)
        if self.recording or not self.pins:
            return verdict
        return pinned(verdict, filename, self.pins, strong(hashes))

    def clears(self, urls: Sequence[str], hashes: Iterable[Mapping[str, str] | None]) -> list[bool]:
        """Of which files a glance is enough to see that :meth:`judge` will allow them.

        Pages have thousands of links on few hosts, and of these few files come to be used: those that are
        cleared here are judged when they do. False says nothing.

        :param urls: of the files of a page.
        :param hashes: of each, as the page gives them, lower-case algorithms to digests.
        """
        # Beyond the first character of the path only control characters have a say in what the origin is;
        # and there are rules of their own for a .rim, and for what is pinned.
        text = "".join(urls)
        odd = has_controls(text) or RIM_SUFFIX in text or self._has_pins
        authority = _authority(urls[0]) if urls else ""
        odd = odd or any(map(str.startswith, urls, repeat(_like_a_host(authority))))
        if odd or not authority or not all(map(str.startswith, urls, repeat(authority))):
            return [self._clears(url, each) for url, each in zip(urls, hashes)]
        if self._glance(authority, is_strong=False):
            return [True] * len(urls)
        if self._glance(authority, is_strong=True):
            return [_has_sha256(each) for each in hashes]
        return [False] * len(urls)

    def _clears(self, url: str, hashes: Mapping[str, str] | None) -> bool:
        authority = _authority(url)
        if has_controls(url) or RIM_SUFFIX in url or not authority or url.startswith(_like_a_host(authority)):
            return False
        if not self._glance(authority, _has_sha256(hashes)):
            return False
        path = url.partition("#")[0]
        return not self._has_pins or ("?" not in path and not self.pins.get(filename_of(path)))

    def _glance(self, authority: str, is_strong: bool) -> bool:
        allowed = self._glances.get((authority, is_strong))
        if allowed is None:
            allowed = self._judge(authority, {"sha256": "0" * 64} if is_strong else {}, "").allowed
            self._glances[authority, is_strong] = allowed
        return allowed

    def _judge(self, url: str, hashes: Mapping[str, str], filename: str) -> Verdict:
        shown = redact(url)
        digests = strong(hashes)
        # A .rim has no pin itself: what gets installed is the wheel that it stands for, which must be the
        # pinned one.
        is_rim = filename.endswith(RIM_SUFFIX)
        installed = filename[: -len(RIM_SUFFIX)] + WHEEL_SUFFIX if is_rim else filename
        is_pinned = self.recording or self.pins.get(installed) is not None
        is_strong = bool(digests) or is_pinned
        name = self.index.name
        try:
            origin = Origin.of(url)
        except ValueError:
            reason = f"its URL {UNREADABLE}"
            return Verdict(False, shown, True, reason, ask_index(name, "it has to give another URL"))
        if origin in self.own:
            if self.policy.require_hashes == "all" and not is_strong and origin != LOCAL:
                reason = f'policy.require-hashes is "all", and index {name} gives no {_STRONG} for it'
                return Verdict(False, shown, False, reason, self._pin())
            return Verdict(True, shown, False, f"on the origin of index {name}", None, digests)
        if origin.scheme != "https":
            reason = f"external to index {name} and not https"
            return Verdict(False, shown, True, reason, ask_index(name, "it has to link to an https URL"))
        entry = self.index.lists_host(origin)
        if entry is None:
            reason = f"host {origin.netloc} is not among the external-hosts of index {name}"
            return Verdict(False, shown, True, reason, allow_host(origin.netloc, self.index))
        # No pin says what is in a .rim, whose METADATA is believed until the wheel comes.
        if not (digests if is_rim else is_strong):
            reason = f"external to index {name}, which gives no {_STRONG} for it"
            remedy = ask_for_rim_digest(name) if is_rim else self._pin()
            return Verdict(False, shown, True, reason, remedy)
        if not is_pinned and (self.policy.pins == "required" or self.index.pins_required):
            reason = f"external to index {name} without a pin, and pins are required"
            return Verdict(False, shown, True, reason, self._pin())
        return Verdict(True, shown, True, f"external-hosts of index {name} has {entry}", None, digests)

    def _pin(self) -> Remedy:
        return record_digest(self.project_name)


def _has_sha256(hashes: Mapping[str, str] | None) -> bool:
    digest = (hashes or {}).get("sha256")
    return isinstance(digest, str) and valid("sha256", digest.lower())


def _authority(url: str) -> str:
    """A URL up to where its path begins; empty if that cannot be told."""
    return url[: url.find("/", 8) + 1]


def _like_a_host(authority: str) -> tuple[str, str]:
    """How a URL begins after whose authority a path comes that could be read as another one."""
    return f"{authority}/", f"{authority}\\"


def judge_wheel(wheel: ExternalWheel, url: str, pins: Pins) -> Verdict:
    """Judge one URL of a ``[[wheel]]``: whoever wrote the table has chosen its host and its digest."""
    verdict = Verdict(True, redact(url), True, f"[[wheel]] in {wheel.source}", None, strong(wheel.digests))
    return pinned(verdict, wheel.filename, pins)


def pinned(verdict: Verdict, filename: str, pins: Pins, digests: Mapping[str, str] | None = None) -> Verdict:
    """A verdict with what a pin says about the file, whichever index or host offers it (reference: Pins).

    :param digests: the strong ones that are known for it, if it may not be used for another reason: one that
        contradicts its pin is not just passed over either.
    """
    pin = pins.get(filename)
    if pin is None:
        return verdict
    for algorithm, digest in pin.digests.items():
        found = (verdict.digests if digests is None else digests).get(algorithm, digest)
        if found != digest:
            is_entry = "wheel" in pin.source.key
            return verdict.replaced(
                allowed=False,
                contradiction=True,
                reason=f"its index page says {algorithm} {found}, and {pin.source} says {digest}",
                remedy=correct_entry(pin.source) if is_entry else accept_change(pin),
            )
    return verdict.replaced(digests={**verdict.digests, **pin.digests}) if verdict.allowed else verdict
