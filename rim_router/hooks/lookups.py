"""What was asked for one claimed name, what of it may not be used, and what is said of that in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rim_router.record import Record
from rim_router.rules.guards import unguarded
from rim_router.rules.strategies import Answer, is_last
from rim_router.rules.urls import filename_of, redact
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rim_router.hooks.requests import Requests
    from rim_router.rules.policy import Policy
    from rim_router.rules.table import Decision, Index
    from rim_router.rules.verdict import Verdict

_ENOUGH = 3  # refused files that are shown, each for another reason


class _Request:
    """One question of pip's for a project; not a :class:`Record`, because most are never looked at.

    :param finder: of pip's, that was asked.
    :param specifier: None for any version.
    :param usable: pip's candidates of all versions; None: those that the finder has found.
    :param met: whether a file was found that may be used.
    """

    def __init__(self, finder: Any, specifier: Any, hashes: Any, usable: Any, met: bool) -> None:
        self.finder = finder
        self.specifier = specifier
        self.hashes = hashes
        self.usable = usable
        self.met = met


class _Fitting(Record):
    """A refused file that pip would have considered for a request.

    :param candidate: pip's, that was not made of it.
    """

    candidate: Any
    verdict: Verdict


class Lookup:
    """What was asked for one claimed name.

    :ivar asked: the indexes that were asked, as shown.
    :ivar scope: where pip would have looked.
    :ivar refused: why files may not be used, and the links that pip knows them by.
    :ivar answers: the indexes that have the project, by name: whether with any file, refused ones included.
    :ivar refusing: the names of the indexes that have files that may not be used.
    """

    def __init__(self, decision: Decision, policy: Policy) -> None:
        self.decision, self.policy = decision, policy
        self.asked: dict[str, None] = {}
        self.scope: Any = None
        self.refused: dict[Verdict, Any] = {}
        self.answers: dict[str, bool] = {}
        self.refusing: set[str] = set()
        self._requests: dict[tuple[int, str], _Request] = {}
        self._made: dict[Verdict, Any] = {}

    def note(self, finder: Any, specifier: Any, hashes: Any, usable: Any, shown: str, *, met: bool) -> None:
        """Note what pip has asked for, and whether it has got something.

        :param shown: the specifier as text.
        """
        key = (id(finder), shown)
        self._requests.pop(key, None)  # the last one comes last
        self._requests[key] = _Request(finder, specifier, hashes, usable, met)

    def answer(self, index: Index, *, satisfies: bool) -> Answer:
        """What one index has of the project; its ``[[wheel]]`` entries count as the first index's."""
        has_project = index.name in self.answers or bool(self.decision.wheels)
        return Answer(has_project, index.name in self.refusing, satisfies)

    # In the end

    def explain(self, requests: Requests) -> str:
        """Where the project was looked for, why only there, what was not asked, and what may not be used."""
        asked = ", ".join(self.asked) or "no index (--no-index)"
        name, why = self.decision.name, self.decision.claim_with_line
        lines = [f"{name} was looked for on {asked} and nowhere else: the table routes it by {why}."]
        forbidden = self.policy.forbids_find_links if is_offline(self.scope) else None
        ignored = [redact(url) for url in ignored_indexes(self.decision, self.scope)]
        if forbidden or not is_offline(self.scope):
            ignored += [f"--find-links {redact(place)}" for place in self.scope.find_links]
        if ignored:
            because = f", because {forbidden}" if forbidden else ""
            lines.append(f"Not asked for it: {', '.join(ignored)}{because}.")
        lines += self._left_out()
        lines += self.refusals(requests)
        if self.decision.indexes:
            lines.append(
                f"`rim-router explain --online {name}` shows what is there, and "
                "`rim-router check --online` says whether its index answers as it should."
            )
        return "\n".join(map(visible, lines))

    def refusals(self, requests: Requests, *, of_conflict: bool = False) -> Iterator[str]:
        """The refused files that fit what was last asked for, one for each reason; the rest is counted.

        :param of_conflict: whether only those that would be a way out are of interest.
        """
        if not self.refused:
            return
        unmet = [request for request in self._requests.values() if not request.met]
        asked = [*unmet, *list(self._requests.values())[-1:]]
        fitting = next(filter(None, map(self._fitting, reversed(asked))), [])
        if of_conflict and not fitting:
            return
        shown: dict[object, Verdict] = {}
        relevant = [each.verdict for each in fitting]
        if not fitting and self.decision.in_turn:
            relevant = list(self.refused)  # any of them is why the next index was not asked
        for verdict in relevant:
            shown.setdefault((verdict.reason, verdict.remedy), verdict)
        first = list(shown.values())[:_ENOUGH]
        for verdict in first:
            remedy = requests.remedy(self.decision.name, verdict.remedy)
            yield f"Refused: {verdict.cause}" + ("" if remedy is None else f"; {remedy}")
        rest = [
            _files(len(relevant) - len(first), "more file"),
            _files(len(self.refused) - len(relevant), "file", " that this request is not for"),
        ]
        if any(rest):
            yield f"Also refused: {' and '.join(filter(None, rest))}."

    def passed_over(self, taken: Any) -> Verdict | None:
        """The newest refused file that is newer than the one taken, or that alone would have served.

        :param taken: the version that pip uses; None for none.
        """
        if not self.refused:
            return None
        found = [
            (request, self._fitting(request))
            for request in self._requests.values()
            if not request.met or _is_for(request, taken)
        ]
        for request, fitting in found:
            if not request.met and fitting:
                return fitting[0].verdict
        # Of all requests that the one taken serves, the last is not always the one that counts.
        common = [
            {each.verdict for each in fitting if not each.candidate.link.is_yanked} for _, fitting in found
        ]
        for each in found[0][1] if found else ():
            if each.candidate.version > taken and all(each.verdict in one for one in common):
                return each.verdict
        return None

    def _fitting(self, request: _Request) -> list[_Fitting]:
        """The refused files that pip would consider, by its own rules, best first."""
        name, finder = self.decision.name, request.finder
        evaluator = finder.make_link_evaluator(name)
        for verdict, link in self.refused.items():
            if verdict not in self._made:  # all finders of a command are for the same environment
                self._made[verdict] = finder.get_install_candidate(evaluator, link)
        made = [(candidate, verdict) for verdict, candidate in self._made.items()]
        would_be = {id(candidate): verdict for candidate, verdict in made if candidate is not None}
        usable = finder.find_all_candidates(name) if request.usable is None else request.usable
        judge = finder.make_candidate_evaluator(name, specifier=request.specifier, hashes=request.hashes)
        found = judge.get_applicable_candidates(
            [*usable, *(candidate for candidate, _ in made if candidate is not None)]
        )
        return [_Fitting(each, would_be[id(each)]) for each in reversed(found) if id(each) in would_be]

    def _left_out(self) -> Iterator[str]:
        """Why the rest of a list of indexes was not asked."""
        strategy = self.decision.target.strategy
        for position, index in enumerate(self.decision.indexes[:-1]):
            rest = [str(other) for other in self.decision.indexes[position + 1 :]]
            last = is_last(strategy, self.answer(index, satisfies=False))
            if self.decision.in_turn and last and not any(other in self.asked for other in rest):
                what = "files of it that may not be used" if index.name in self.refusing else "the project"
                what += "" if self.answers.get(index.name, True) else ", though without any file"
                yield f"By {strategy}, {', '.join(rest)} was not asked: {index.name} has {what}."
                return


def warning(name: str, verdict: Verdict, taken: Any, requests: Requests) -> str:
    """What is said of a file that is passed over."""
    newer = "" if taken is None else f"is newer than {name} {taken}, and "
    remedy = requests.remedy(name, verdict.remedy)
    what = f"{filename_of(verdict.url)} {newer}may not be used: {verdict.cause}"
    return what if remedy is None else f"{what}; {remedy}"


def ignored_indexes(decision: Decision, scope: Any) -> list[str]:
    """The indexes that pip was given, and that are not those of the decision."""
    own = {url.rstrip("/") for index in decision.indexes for url in index.urls}
    return [url for url in unguarded(scope.index_urls) if url.rstrip("/") not in own]


def is_offline(scope: Any) -> bool:
    """Whether ``--no-index`` was given."""
    # pip 22.2 keeps no flag: --no-index leaves no index URLs.
    return bool(getattr(scope, "no_index", not scope.index_urls))


def _is_for(request: _Request, taken: Any) -> bool:
    if taken is None:
        return False
    return request.specifier is None or bool(request.specifier.contains(str(taken), prereleases=True))


def _files(count: int, what: str, which: str = "") -> str:
    return f"{count} {what}{'' if count == 1 else 's'}{which}" if count else ""
