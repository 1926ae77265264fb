"""How old a file has to be before it may be used: ``min-age`` and what is exempt from it. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from rim_router.record import EMPTY, Record
from rim_router.rules.filenames import version_of
from rim_router.rules.remedies import give_times, wait_or_exempt
from rim_router.rules.times import shown_after, shown_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rim_router.rules.policy import Policy
    from rim_router.rules.source import Source
    from rim_router.rules.table import Decision, Index, Specifier
    from rim_router.rules.verdict import Verdict

KEY, EXEMPT_KEY = "min-age", "min-age-exempt"
EXEMPT_VARIABLE = "RIM_ROUTER_MIN_AGE_EXEMPT"
_AGE = r"(?a)(?=[0-9])(?:([0-9]{1,5})d)?(?:([0-9]{1,6})h)?"


def parse_age(text: str) -> timedelta | None:
    """An age such as ``7d``, ``36h`` or ``1d12h``; None if it is none."""
    match = re.fullmatch(_AGE, text.strip())
    return None if match is None else timedelta(days=int(match[1] or 0), hours=int(match[2] or 0))


class Age(Record):
    """How old the files of a project on an index have to be.

    :param least: that they must have.
    :param text: that age as it is written.
    :param source: the line that asks for it.
    :param is_policy: whether that is a policy, and not a route or an index.
    :param policy: the line of the lowest policy, which nothing may loosen from above; None if there is none.
    :param exempt: specifiers of the versions that need none, each with what says so.
    """

    least: timedelta
    text: str
    source: Source | None
    is_policy: bool = False
    policy: Source | None = None
    exempt: tuple[tuple[Specifier, str], ...] = ()

    @property
    def rule(self) -> str:
        """What asks for it, as a clause."""
        key = f"policy.{KEY}" if self.is_policy else KEY
        return f'{key} is "{self.text}"' + (f" in {self.source}" if self.source else "")

    def is_reached(self, uploaded: datetime | None, now: datetime) -> bool:
        """Whether a file is old enough; one of which nobody knows when it was uploaded never is."""
        return uploaded is not None and now - uploaded >= self.least

    def too_new(self, uploaded: datetime) -> str:
        """What speaks against a file that is not old enough, as a clause."""
        then = shown_after(uploaded, self.least)
        return f"uploaded on {shown_time(uploaded)} and old enough on {then}: {self.rule}"

    def judge(
        self, verdict: Verdict, file: AgedFile, decision: Decision, newest: str | None, now: datetime
    ) -> Verdict:
        """What becomes of the verdict on a file that may be used otherwise.

        :param verdict: which allows it.
        :param decision: that of its project.
        :param newest: the newest version that is old enough; empty for none, None if that is not known.
        :param now: the time that counts.
        """
        uploaded = file.uploaded
        verdict = verdict.replaced(uploaded=uploaded)
        if self.is_reached(uploaded, now):
            return verdict
        version = version_of(file.filename, decision.name)
        reason = f"its index does not say when it was uploaded (PEP 700), and {self.rule}"
        if uploaded is not None:
            reason = self.too_new(uploaded)
        exempt = file.pinned or self.exempts(version)
        if exempt is not None:
            return verdict.replaced(although=f"{reason}; it is exempt ({exempt})")
        if uploaded is None:
            return verdict.replaced(allowed=False, reason=reason, remedy=give_times(decision, self.policy))
        if newest is not None:
            reason += f"; the newest that is old enough is {newest}" if newest else "; none is old enough"
        return verdict.replaced(
            allowed=False,
            reason=reason,
            remedy=wait_or_exempt(decision, version, shown_after(uploaded, self.least), self.policy),
        )

    def exempts(self, version: str) -> str | None:
        """What exempts a version, if anything does."""
        for specifier, why in self.exempt:
            try:
                if specifier.contains(version, prereleases=True):
                    return why
            except ValueError:  # it is no version
                return None
        return None


class AgedFile(Record):
    """What is known of a file, as far as its age goes.

    :param uploaded: when its index says that it was; None if it does not say.
    :param pinned: the pin of its name, for messages; None for none.
    """

    filename: str
    uploaded: datetime | None
    pinned: str | None = None


def age_for(
    decision: Decision, index: Index | None, policy: Policy, exempt: Mapping[str, Sequence[Specifier]] = EMPTY
) -> Age | None:
    """What holds for the files of a project on an index: the narrowest word counts; None for no age at all.

    :param decision: that of the project.
    :param index: one of its indexes; None where it has none.
    :param exempt: by normalised name, what is exempt for one command.
    """
    target, route = decision.target, decision.route
    words: list[tuple[str | None, Source | None]] = [
        (target.min_age, None if route is None else route.source),
        (None, None) if index is None else (index.min_age, index.source),
        (policy.min_age, policy.sources.get(KEY)),
    ]
    text, source = next(((text, source) for text, source in words if text is not None), ("", None))
    least = parse_age(text)
    if not least:
        return None
    exempts: list[tuple[Specifier, str]] = []
    if target.exempt is not None and route is not None:
        exempts.append((target.exempt, f"{EXEMPT_KEY} in {route.source}"))
    exempts += [(each, EXEMPT_VARIABLE) for each in exempt.get(decision.name, ())]
    is_policy = target.min_age is None and (index is None or index.min_age is None)
    return Age(least, text, source, is_policy, policy.lowest_age, tuple(exempts))
