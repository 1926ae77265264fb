"""Look-ups of claimed names: on the indexes of their route and nowhere else (reference: Look-ups)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.index.collector import CollectedSources, LinkCollector

from rim_router.config.indexes import unaskable
from rim_router.errors import DeniedError, StatusError
from rim_router.hooks.diagnostics import VERBOSE, PipRoutingError, logger
from rim_router.hooks.endings import Endings
from rim_router.hooks.listings import Inquiry
from rim_router.hooks.lookalike import lookalike
from rim_router.hooks.lookups import Lookup, ignored_indexes, is_offline
from rim_router.hooks.sources import FindLinksSource, RoutedSource, WheelSource
from rim_router.rules.remedies import denied
from rim_router.rules.strategies import ask_in_turn
from rim_router.rules.table import Kind
from rim_router.rules.urls import is_local, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rim_router.errors import RimRouterError
    from rim_router.hooks.rims import Rims
    from rim_router.hooks.services import Services
    from rim_router.rules.strategies import Answer
    from rim_router.rules.table import Decision, Index
    from rim_router.rules.verdict import Verdict

_LISTINGS = ("outdated", "uptodate")
_DEFAULT_INDEX = "https://pypi.org/simple"
_FINDERS = "finders of rim-router"  # no project can have this name


class Router:
    """The replacements of pip's look-up functions, for one table."""

    def __init__(self, services: Services, rims: Rims) -> None:
        self._services = services
        self._table = services.table
        self._announcer = services.announcer
        self._rims = rims
        self._lookups: dict[str, Lookup] = {}
        self.endings = Endings(services, self._lookups)
        self._has_warned = False

    def create(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``LinkCollector.create``: a command begins that looks names up."""

        def create(cls: Any, session: Any, options: Any, suppress_no_index: bool = False) -> Any:
            collector = original(cls, session, options, suppress_no_index)
            # Only pip's check of its own version suppresses this; the user has not asked for that look-up.
            collector.rim_router_silent = suppress_no_index or getattr(options, "rim_router_silent", False)
            # `pip list` looks up whatever is installed, also what would be denied today.
            collector.rim_router_listing = any(getattr(options, each, False) for each in _LISTINGS)
            self.learn(options, collector.search_scope.find_links)
            collector.rim_router_tells = not (collector.rim_router_silent or hasattr(options, "requirements"))
            if not collector.rim_router_silent:
                self._services.requests.begin(options)
                # What `list` and `index` write to standard output is read by other programs.
                self._announcer.data_on_stdout = not hasattr(options, "requirements")
                self._services.say_tables()
                if self._services.recording:
                    self._announcer.say("Recording digests: for this run only, files without one are allowed")
            return collector

        return create

    def learn(self, options: Any, find_links: Iterable[str]) -> None:
        """What a command was told of where files come from, and go."""
        self._services.target = getattr(options, "target_dir", None) or self._services.target
        self._services.find_links += tuple(find_links)
        self._services.cache = getattr(options, "cache_dir", None) or self._services.cache

    def collect_sources(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``LinkCollector.collect_sources``: where a project name becomes URLs."""
        self._sources_of_pip = original

        def collect(collector: Any, project_name: str, candidates_from_page: Any) -> Any:
            decision = self._table.route(project_name)
            if not decision.claimed and not decision.wheels:
                return original(collector, project_name, candidates_from_page)
            lookup = self._begin(decision, collector)
            scope = collector.search_scope
            inquiry = self.inquiry(
                decision,
                collector.session,
                candidates_from_page,
                lambda verdict, index, link: self._refuse(lookup, verdict, index, link),
                lambda index, has_files: lookup.answers.update({index.name: has_files}),
                offline=is_offline(scope),
            )
            if not decision.claimed:  # left to pip, with wheels besides
                usual = original(collector, project_name, candidates_from_page)
                return CollectedSources(usual.find_links, [*usual.index_urls, WheelSource(inquiry)])
            sources: list[Any] = []
            if inquiry.offline and self._table.policy.offline_find_links == "allow":
                for place in filter(_is_local, scope.find_links):
                    lookup.asked[redact(place)] = None
                    sources.append(FindLinksSource(place, inquiry))
            only: Index | None = getattr(collector, "rim_router_index", None)
            for index in decision.indexes if only is None else (only,):
                if index.is_local or not inquiry.offline:
                    lookup.asked[str(index)] = None
                    sources.append(self.source(index, inquiry))
            if only in (None, *decision.indexes[:1]) and (
                decision.wheels or decision.target.kind is Kind.WHEELS
            ):
                lookup.asked[
                    "its [[wheel]] entries" if decision.wheels else "the table's [[wheel]] entries"
                ] = None
                sources.append(WheelSource(inquiry))
            return CollectedSources(find_links=[], index_urls=sources)

        return collect

    def source(self, index: Index, inquiry: Inquiry, urls: tuple[str, ...] | None = None) -> RoutedSource:
        """The files of one project on one index.

        :raises PipRoutingError: if a variable in its URLs is not set.
        """
        if index.unset:
            raise self._services.refusal(unaskable(index))
        return RoutedSource(index, inquiry, urls)

    def inquiry(
        self,
        decision: Decision,
        session: Any,
        candidates_from_page: Callable[[Any], Any],
        refuse: Callable[[Verdict, Index, Any], None],
        note_project: Callable[[Index, bool], None] = lambda *_: None,
        *,
        offline: bool = False,
        fits: Callable[[Any], bool] = bool,
    ) -> Inquiry:
        """What the sources of a project have in common."""

        def from_pip(name: str, scope: Any, page: Any) -> Any:
            return self._sources_of_pip(LinkCollector(session, scope), name, page)

        return Inquiry(
            decision=decision,
            services=self._services,
            rims=self._rims,
            refuse=refuse,
            note_project=note_project,
            from_pip=from_pip,
            candidates_from_page=candidates_from_page,
            session=session,
            offline=offline,
            fits=fits,
        )

    def find_all_candidates(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``PackageFinder.find_all_candidates``: those of the one index of a list that is to be used."""

        def find_all(finder: Any, project_name: str) -> Any:
            try:
                found = self._in_turn(finder, project_name, lambda one: original(one, project_name), bool)
                if not hasattr(finder._link_collector, "rim_router_index"):
                    self._tell(finder, project_name, found)
                return found
            except PipRoutingError as failure:
                if not self._is_passed_over(finder, failure.error):
                    raise
                return []

        return find_all

    def _tell(self, finder: Any, project_name: str, found: list[Any]) -> None:
        """Say which newer file `pip list` and `pip index versions` leave out, because it may not be used."""
        collector = finder._link_collector
        lookup = self._lookups.get(self._table.route(project_name).name)
        if (
            lookup is None
            or hasattr(collector, "rim_router_index")
            or not getattr(collector, "rim_router_tells", False)
        ):
            return
        lookup.note(finder, None, None, found, "", met=bool(found))
        best = finder.make_candidate_evaluator(project_name).compute_best_candidate(found).best_candidate
        self.endings.warn(lookup.decision.name, None if best is None else best.version)

    def _is_passed_over(self, finder: Any, error: RimRouterError) -> bool:
        """Whether `pip list` goes on to the next project, because the status of this one forbids it."""
        listing = getattr(finder._link_collector, "rim_router_listing", False)
        if not listing or not isinstance(error, StatusError):
            return False
        self._announcer.warn(error.message, error.message)
        return True

    def find_best_candidate(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``PackageFinder.find_best_candidate``: the best one on the one index of a list that is to be used.

        A yanked file counts as there: that an index withdraws a file is no reason to ask the next one.
        Nor is that the table refuses a file, or else whoever makes it so decides which index is asked. That
        holds for a file of any version: of which one it is cannot always be told from its name.
        """

        def find_best(finder: Any, project_name: str, specifier: Any = None, hashes: Any = None) -> Any:
            decision = self._table.route(project_name)
            if decision.in_turn:
                found = self._in_turn(
                    finder,
                    project_name,
                    lambda one: original(one, project_name, specifier, hashes),
                    lambda found: found.best_candidate is not None,
                )
            else:
                found = original(finder, project_name, specifier, hashes)
            collector = finder._link_collector
            lookup = self._lookups.get(decision.name)
            if (
                lookup is not None
                and not hasattr(collector, "rim_router_index")
                and not getattr(collector, "rim_router_silent", False)
            ):
                asked = "" if specifier is None else str(specifier)
                self._services.requests.ask(decision.name, asked)
                lookup.note(finder, specifier, hashes, None, asked, met=found.best_candidate is not None)
            return found

        return find_best

    def _refuse(self, lookup: Lookup, verdict: Verdict, index: Index, link: Any) -> None:
        lookup.refusing.add(index.name)
        if verdict in lookup.refused:
            return
        lookup.refused[verdict] = link
        logger.debug("Skipping link: refused: %s", verdict)
        self._services.note_refused(lookup.decision, verdict)

    def _begin(self, decision: Decision, collector: Any) -> Lookup:
        lookup = self._lookups.get(decision.name)
        if lookup is None:
            lookup = self._lookups[decision.name] = Lookup(decision, self._table.policy)
            self._services.note_decision(decision)
        if decision.target.kind is Kind.DENY:
            if getattr(collector, "rim_router_listing", False):
                reason = f"{decision.target.reason} ({decision.claim})"
                self._announcer.warn(
                    f"denied {decision.name}", f"The routing table denies {decision.name}: {reason}"
                )
                return lookup
            raise self._services.refusal(
                DeniedError(
                    f"The routing table denies {decision.name}: {decision.target.reason}",
                    notes=[decision.claim_with_line],
                    hint=str(denied(decision.claim_with_line)),
                )
            )
        lookup.scope = collector.search_scope
        if not getattr(collector, "rim_router_silent", False):
            self._announcer.say(str(decision), VERBOSE if decision.is_by_default else logging.INFO)
            self._warn_of_ignored(decision, lookup.scope)
        return lookup

    def _warn_of_ignored(self, decision: Decision, scope: Any) -> None:
        if self._has_warned:
            return
        given = [url for url in ignored_indexes(decision, scope) if url.rstrip("/") != _DEFAULT_INDEX]
        if given:
            self._has_warned = True
            self._announcer.warn(
                "ignored indexes",
                f"The routing table claims {decision.name}: --index-url and --extra-index-url are ignored "
                f"for it and for every other claimed name (here {', '.join(map(redact, given))})",
            )

    def _in_turn(
        self, finder: Any, project_name: str, find: Callable[[Any], Any], satisfies: Callable[[Any], bool]
    ) -> Any:
        """What pip finds, by a finder for each index if those of the project are to be asked in turn."""
        decision = self._table.route(project_name)
        locked = getattr(finder, "_locked_links", ())
        if (
            not decision.in_turn
            or decision.name in locked
            or hasattr(finder._link_collector, "rim_router_index")
        ):
            return find(finder)
        # Where pip 25.1 and newer keeps what was found: whoever clears that, as pip-tools does, clears these.
        finders = getattr(finder, "_all_candidates", finder.__dict__).setdefault(_FINDERS, {})
        if decision.name not in finders:
            finders[decision.name] = [_narrowed(finder, index) for index in decision.indexes]

        def ask(one: Any) -> tuple[Any, Answer]:
            found = find(one)  # which begins the look-up, unless its answer is known already
            index = one._link_collector.rim_router_index
            return found, self._lookups[decision.name].answer(index, satisfies=satisfies(found))

        return ask_in_turn(decision.target.strategy, finders[decision.name], ask)


def _narrowed(finder: Any, index: Index) -> Any:
    """A copy of pip's finder that asks one index only, and shares no found candidates with the original."""
    one = lookalike(finder)
    one._link_collector = lookalike(finder._link_collector)
    one._link_collector.rim_router_index = index
    for cache in ("_all_candidates", "_best_candidates"):  # pip 25.1 and newer
        if hasattr(one, cache):
            setattr(one, cache, {})
    return one


def _is_local(place: str) -> bool:
    return is_local(place) or ("://" not in place and Path(place).exists())
