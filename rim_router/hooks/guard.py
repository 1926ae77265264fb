"""Index URLs with ``rim+`` in front: pip asks what follows, or is routed by the table that lies there."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from _rim_router import gate, indexes
from rim_router.config import load_files, locate
from rim_router.config.inheritance import INHERITED_VARIABLE
from rim_router.errors import GuardedIndexError, RimRouterError, UnclaimedError
from rim_router.hooks import seams
from rim_router.hooks.children import hand_down
from rim_router.hooks.diagnostics import pip_error
from rim_router.hooks.enforcement import check_pip, unsupported
from rim_router.hooks.patching import replace
from rim_router.rules.guards import Guarded, is_guarded, unguarded
from rim_router.rules.names import normalise
from rim_router.rules.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rim_router.config.files import LayerFile
    from rim_router.hooks.answers import Answers


def _in_pips_style(act: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(act)
    def act_in_pips_style(*args: Any) -> Any:
        try:
            return act(*args)
        except RimRouterError as error:
            raise pip_error(error) from None
        except ValueError as error:
            raise pip_error(GuardedIndexError(str(error))) from None

    return act_in_pips_style


class _Guard:
    """What this process knows of the guarded indexes that it was given.

    :ivar table: the central table that is in force, or is going to be.
    :ivar fetched: whether it is in force.
    """

    def __init__(self) -> None:
        self.table: Guarded | None = None
        self.fetched = False
        self.file: LayerFile | None = None
        self._in_place = False

    @_in_pips_style
    def begin(self, options: Any, urls: Sequence[str] | None) -> list[str] | None:
        """A command begins: see to its indexes.

        :param options: of the command.
        :param urls: the URLs of indexes that its session would be told of; None for none.
        :returns: these as they are to be asked.
        :raises PipRoutingError: if what is given cannot be used.
        """
        _refuse_links(getattr(options, "find_links", None) or ())
        index_url = getattr(options, "index_url", None)
        self._note([index_url] if index_url else [], getattr(options, "extra_index_urls", None) or ())
        if self.table is not None and not self.fetched:
            gate.wait_for_table()
        return unguarded(urls) if urls else None

    @_in_pips_style
    def add(self, session: Any, urls: Sequence[str]) -> list[str]:
        """A requirements file has named indexes.

        :param urls: all that pip has now.
        :returns: these as they are to be asked.
        :raises PipRoutingError: if they cannot be used.
        """
        if self._note(urls[:1], urls[1:]) and not self.fetched:
            self._fetch_late(session)
        return unguarded(urls)

    @_in_pips_style
    def check(self, scope: Any) -> None:
        """The requirements have been read: nothing in the search scope may have been missed.

        :raises PipRoutingError: if it cannot be used.
        """
        _refuse_links(scope.find_links)
        if self._note(scope.index_urls[:1], scope.index_urls[1:]):
            raise unsupported(["nobody was told of the indexes that a requirements file names"])

    def _note(self, first: Sequence[str], extra: Sequence[str]) -> bool:
        """Look at all indexes that pip has now; returns whether there is a table that was not known."""
        main, others = ([Guarded.parse(url) for url in urls if is_guarded(url)] for urls in (first, extra))
        for each in others:
            if each.is_table:
                raise GuardedIndexError(
                    f"{each} is a routing table, and is given as an extra index",
                    hint="give it as --index-url (index-url in pip's configuration)",
                )
        is_new = False
        for each in main:
            if each.is_table and self.table not in (None, each):
                raise GuardedIndexError(
                    f"{self.table} and {each} are two routing tables", hint="give pip one of them"
                )
            if each.is_table and self.table is None:
                is_new, self.table = True, each
                self.fetched = self._is_inherited(each)
        if not self._in_place:
            self._in_place = True
            check_pip(Policy())
            replace(seams.LOCATIONS, self.locations)
            replace(seams.CREATE, self.create)
            replace(seams.COLLECT, self.collect)
        return is_new

    def _is_inherited(self, table: Guarded) -> bool:
        """Whether the pip that started this one has fetched it."""
        files = locate() if os.environ.get(INHERITED_VARIABLE) else ()
        central = [file for file in files if file.layer == "central"]
        if central and central[0].shown != str(table):
            raise GuardedIndexError(
                f"{central[0].shown} is in force in the pip that started this one, and {table} is another "
                "routing table",
                hint="give both the same --index-url",
            )
        return bool(central)

    def create(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``LinkCollector.create``: from here on pip's session is as it is configured."""

        def create(cls: Any, session: Any, options: Any, suppress_no_index: bool = False) -> Any:
            if self.table is None or self.fetched:
                return original(cls, session, options, suppress_no_index)
            self._fetch(session)
            return cls.create(session, options, suppress_no_index)  # which is routed now

        return create

    def _fetch(self, session: Any) -> None:
        self.fetched = True  # or has failed, and then nothing works
        gate.decide_by(lambda: self._brought(session))

    def _fetch_late(self, session: Any) -> None:
        """A requirements file names the table."""
        from rim_router.hooks import routing

        known = routing.applied()
        if known is None:
            self._fetch(session)
            # The command has begun without it.
            made = routing.applied()
            if made is not None:
                made[1].learn(indexes.given, getattr(indexes.given, "find_links", None) or ())
                made[0].requests.begin(indexes.given)
                made[0].say_tables()
            raise indexes.Again
        files = (self._brought(session), *locate())
        self.fetched = True
        # Nothing has been looked up yet.
        services = known[0]
        services.table.become(load_files(files))
        hand_down(files)
        services.log_tables()
        services.say_tables()

    def _brought(self, session: Any) -> LayerFile:
        from rim_router.hooks import central

        assert self.table is not None
        self.file = central.fetch(session, self.table, keep=indexes.keeps_cache)
        return self.file

    def locations(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``SearchScope.get_index_urls_locations``: the URLs of a project's pages."""

        def locations(scope: Any, project_name: str) -> Any:
            if not any(map(is_guarded, scope.index_urls)):
                return original(scope, project_name)
            from rim_router.hooks.listings import scope as make_scope

            return original(make_scope((), tuple(unguarded(scope.index_urls))), project_name)

        return locations

    def collect(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``LinkCollector.collect_sources``: with a table for an index, pip may have none of its own."""

        def collect(collector: Any, project_name: str, candidates_from_page: Any) -> Any:
            scope = collector.search_scope
            by_user = not any(
                getattr(collector, f"rim_router_{each}", False) for each in ("silent", "listing")
            )
            has_nothing = scope.index_urls and not (scope.find_links or unguarded(scope.index_urls))
            if self.table is not None and by_user and has_nothing:
                self._check_claimed(project_name)
            return original(collector, project_name, candidates_from_page)

        return collect

    def _check_claimed(self, project_name: str) -> None:
        from rim_router.hooks.routing import applied

        hooks = applied()
        decision = None if hooks is None else hooks[0].table.route(project_name)
        if decision is None or not (decision.claimed or decision.wheels):
            name = normalise(project_name)
            why = f"No route claims {name}"
            if decision is not None and decision.route is not None:
                why = f"{decision.claim_with_line} leaves {name} to pip"
            raise pip_error(
                UnclaimedError(
                    f"{why}, and pip has no index of its own",
                    notes=[f"the index URL of pip is a routing table: {self.table}"],
                    hint='add a route for it, or "*", to a table; or give pip an index besides, '
                    "with rim+ in front: --extra-index-url rim+https://pypi.org/simple",
                )
            )


def _refuse_links(places: Sequence[str]) -> None:
    for place in places:
        if is_guarded(place):
            raise GuardedIndexError(
                f"{Guarded.parse(place)} is given as --find-links, and only an index can be guarded",
                hint="give it as --index-url",
            )


_guard = _Guard()
begin, add, check = _guard.begin, _guard.add, _guard.check


def table(_: Answers, __: Mapping[str, Any]) -> dict[str, Any]:
    """The table at the index URL of pip, for commands of rim-router."""
    file = _guard.file
    if file is None:
        raise pip_error(GuardedIndexError("The index URL of pip is no routing table"))
    return {"path": str(file.path), "content": file.content.decode("latin-1"), "name": file.name}
