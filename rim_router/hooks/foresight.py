"""What pip is going to ask for: pages of what its candidates require, and metadata of what it will take."""

from __future__ import annotations

import contextlib
import gc
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.models.link import Link
from pip._internal.network.utils import HEADERS
from pip._vendor.packaging.specifiers import SpecifierSet
from pip._vendor.packaging.version import InvalidVersion, Version

from rim_router.hooks import seams
from rim_router.hooks.diagnostics import talks
from rim_router.hooks.listings import is_secure, scope
from rim_router.hooks.lookalike import lookalike
from rim_router.hooks.lookups import is_offline
from rim_router.hooks.seam import parameters
from rim_router.hooks.tracking import digests_of, url_of
from rim_router.rules.age import age_for
from rim_router.rules.names import normalise
from rim_router.rules.page_metadata import is_json, project_status
from rim_router.rules.table import Kind
from rim_router.rules.times import parse_time
from rim_router.rules.urls import is_local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rim_router.hooks.dropping import Dropping
    from rim_router.hooks.early import Early
    from rim_router.hooks.services import Services
    from rim_router.rules.table import Decision, Index


class Foresight:
    """The replacements of pip's functions by which it can be told what it is going to ask for."""

    def __init__(self, services: Services, early: Early, dropping: Dropping, *, asks: bool) -> None:
        self._services = services
        self._early = early
        self._dropping = dropping
        self._asks = asks
        self._resolution: _Resolution | None = None
        self._depth = 0

    def resolver(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``RequirementCommand.make_resolver``: the requirements that pip was given are known."""

        def make(cls: Any, *args: Any, **kwargs: Any) -> Any:
            resolver = original(cls, *args, **kwargs)
            if hasattr(resolver, "factory"):  # the legacy resolver has none
                resolver.resolve = self._resolve(resolver, resolver.resolve)
            return resolver

        return make

    def _resolve(self, resolver: Any, original: Callable[..., Any]) -> Callable[..., Any]:
        def resolve(root_reqs: Any, *args: Any, **kwargs: Any) -> Any:
            if talks():
                return original(root_reqs, *args, **kwargs)
            often, outer = gc.get_threshold(), self._resolution
            self._depth += 1  # of what a build requires there can be one within another
            try:
                # Pages that are read early are many objects at once, and none of them is garbage.
                gc.set_threshold(_RARELY, *often[1:])
                if self._asks:
                    with _looking_ahead():
                        self._resolution = _Resolution(self._services, self._early, self._dropping, resolver)
                        self._resolution.begin(root_reqs)
                return original(root_reqs, *args, **kwargs)
            finally:
                gc.set_threshold(*often)
                self._resolution = outer
                self._depth -= 1
                if not self._depth:
                    self._early.forget()
                    self._dropping.forget()

        return resolve

    def candidate(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``Factory._make_base_candidate_from_link``: the metadata of a candidate are known."""

        def make(factory: Any, *args: Any, **kwargs: Any) -> Any:
            candidate = original(factory, *args, **kwargs)
            if candidate is not None and self._resolution is not None and self._resolution.is_of(factory):
                with _looking_ahead():
                    self._resolution.made(candidate)
            return candidate

        return make

    def complete(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``_complete_partial_requirements``: pip knows what it will download."""

        def complete(preparer: Any, reqs: Any, *args: Any, **kwargs: Any) -> Any:
            reqs = list(reqs)
            if len(reqs) > 1 and not talks():
                with _looking_ahead():
                    self._download(preparer._session, [req.link for req in reqs])
            try:
                return original(preparer, reqs, *args, **kwargs)
            finally:
                if not self._depth:
                    self._early.close()
                    self._dropping.close()

        return complete

    def _download(self, session: Any, links: Iterable[Any]) -> None:
        """Small files of an index's own hosts come early, in pip's order."""
        for link in links:
            file = self._services.tracker.find(link)
            if file is None or file.hosts is None or not file.verdict.allowed or file.verdict.external:
                continue
            if file.hosts.is_own(file.url) and not is_local(file.url) and self._dropping.is_small(link):
                self._early.ask(session, file.url, _getting(file.url), stream=True)


class _Resolution:
    """What has been asked for early for one resolution."""

    def __init__(self, services: Services, early: Early, dropping: Dropping, resolver: Any) -> None:
        self._services = services
        self._early = early
        self._dropping = dropping
        self._factory = resolver.factory
        self._preparer = resolver.factory.preparer
        self._finder = self._preparer.finder
        self._session = self._preparer._session
        self._offline = is_offline(self._finder.search_scope)
        self._with_requires = not resolver.ignore_dependencies
        self._specifiers: dict[str, Any] = {}
        self._extras: dict[str, set[str]] = {}
        # Of these pip may ask no index: they are given by URL, or here already.
        self._left: set[str] = set(map(normalise, self._factory._installed_dists))
        self._left.update(map(normalise, getattr(self._finder, "_locked_links", ())))
        self._asked: set[str] = set()
        self._made: dict[str, Any] = {}

    def begin(self, root_reqs: Iterable[Any]) -> None:
        """The requirements and constraints that pip was given."""
        root_reqs = [req for req in root_reqs if req.name and req.match_markers()]
        for req in root_reqs:
            if req.link is not None:
                self._left.add(normalise(req.name))
            elif req.constraint:
                self._narrow(normalise(req.name), req.specifier)
        for req in root_reqs:
            if req.link is None and not req.constraint:
                self._require(req.req)

    def is_of(self, factory: Any) -> bool:
        """Whether it is the one that a factory makes candidates for; there can be one within another."""
        return factory is self._factory

    def made(self, candidate: Any) -> None:
        """A candidate that pip considers, and whose metadata it has."""
        if not self._with_requires:
            return
        name, dist = normalise(candidate.project_name), candidate.dist
        if self._made.get(name) is dist:
            return
        self._made[name] = dist
        # pip has asked for it already, or never does.
        self._left.add(name)
        if not self._fits(dist):  # then pip asks for nothing that it requires
            return
        self._require_all(dist, ())
        self._require_extras(name, self._extras.get(name, set()))

    def _fits(self, dist: Any) -> bool:
        python = self._factory._python_candidate
        if getattr(self._factory, "_ignore_requires_python", False) or python is None:
            return True
        return bool(dist.requires_python.contains(str(python.version), prereleases=True))

    def _require_all(self, dist: Any, extras: Iterable[str]) -> None:
        for requirement in dist.iter_dependencies(extras):
            self._require(requirement)

    def _require_extras(self, name: str, extras: set[str]) -> None:
        dist = self._made.get(name)
        if dist is not None and extras:
            having = [extra for extra in dist.iter_provided_extras() if normalise(extra) in extras]
            if having:
                self._require_all(dist, having)

    def _narrow(self, name: str, specifier: Any) -> None:
        known = self._specifiers.get(name)
        self._specifiers[name] = specifier if known is None else known & specifier

    def _require(self, requirement: Any) -> None:
        name = normalise(requirement.name)
        if requirement.url:
            self._left.add(name)
            return
        self._narrow(name, requirement.specifier)
        extras = set(map(normalise, requirement.extras)) - self._extras.get(name, set())
        if extras:
            self._extras.setdefault(name, set()).update(extras)
        if name not in self._asked and name not in self._left and not self._offline:
            self._asked.add(name)
            decision = self._services.table.route(name)
            if decision.target.kind is Kind.INDEXES:
                for index in decision.indexes[:1] if decision.in_turn else decision.indexes:
                    self._ask(decision, index)
        elif extras:
            self._require_extras(name, extras)

    def _ask(self, decision: Decision, index: Index) -> None:
        """Ask one index for its page of a project, by the URL that pip asks first."""
        if index.flat or not index.urls or is_local(index.url) or not is_secure(self._session, index.url):
            return
        (url,) = scope((), (index.url,)).get_index_urls_locations(decision.name)
        if not self._is_own(index, url):
            return
        # No page is being fetched now: pip's own function does what it does without a table.
        collector = lookalike(self._finder._link_collector)
        named = {"package_name": decision.name} if "package_name" in _FETCH else {}

        def send(session: Any) -> None:
            collector.session = session
            collector.fetch_response(Link(url), **named)

        def read(response: Any) -> None:
            self._read(decision, index, response)

        self._early.ask(self._knowing(index), url, send, stream=False, then=read)

    def _knowing(self, index: Index) -> Any:
        """pip's session as it is where the index is asked: it knows the credentials in its URL."""
        session = lookalike(self._session)
        session.auth = lookalike(session.auth)
        session.auth.index_urls = [*(session.auth.index_urls or []), index.url]
        return session

    def _is_own(self, index: Index, url: str) -> bool:
        """Whether a URL is on the index's own hosts: others are only asked where pip says so."""
        hosts = self._services.hosts(index, index.own_origins)
        return hosts.is_own(url)

    def _read(self, decision: Decision, index: Index, response: Any) -> None:
        """A page has come: the metadata of the file that pip will take are next."""
        selection = self._dropping.selection(self._finder, decision.name)
        kind = response.headers.get("Content-Type", "")
        if selection is None or not is_json(kind):
            return
        # Nothing comes of a page that is refused, as this one may be.
        if decision.target.namespace is not None or not project_status(response.content, kind).is_active:
            return
        files = selection.usable(json.loads(response.content)["files"])
        self._dropping.keep(response.content, response.url, files)
        # Of several indexes nobody knows yet which has the best file; and with hashes there are no metadata.
        if (len(decision.indexes) > 1 and not decision.in_turn) or self._preparer.require_hashes:
            return
        table = self._services.table
        age = age_for(decision, index, table.policy, table.exempt)
        if age is not None:
            now = datetime.now(timezone.utc)
            files = [file for file in files if age.is_reached(parse_time(file.get("upload-time")), now)]
        file = selection.best(files, lambda versions: self._newest(decision.name, versions))
        link = None if file is None else Link.from_json(file, response.url)
        metadata = None if link is None else link.metadata_link()
        if link is None or metadata is None or not self._is_own(index, url_of(link)):
            return
        if self._is_downloaded(link):
            return
        judge = self._services.judge(decision.name, index, index.own_origins)
        if judge.judge(url_of(link), link.filename, digests_of(link)).allowed:
            beside = url_of(metadata)
            self._early.ask(self._knowing(index), beside, _getting(beside), stream=True)

    def _is_downloaded(self, link: Any) -> bool:
        """Whether a file is where pip is going to put it: then pip looks into it first."""
        directory = self._preparer.download_dir
        return directory is not None and Path(directory, link.filename).exists()

    def _newest(self, name: str, versions: Iterable[str]) -> str | None:
        """Of some versions the one that pip takes, as far as is known what has been asked for."""
        found: dict[Any, str] = {}
        for text in versions:
            try:
                found.setdefault(Version(text), text)
            except InvalidVersion:
                continue
        specifier = self._specifiers.get(name)
        specifier = SpecifierSet() if specifier is None else specifier
        fitting = list(specifier.filter(found, prereleases=self._allows_prereleases(name)))
        return found[max(fitting)] if fitting else None

    def _allows_prereleases(self, name: str) -> bool | None:
        control = getattr(self._finder, "release_control", None)  # since pip 26.0
        if control is not None:
            allows: bool | None = control.allows_prereleases(name)
            return allows
        return getattr(self._finder, "allow_all_prereleases", False) or None


def _looking_ahead() -> contextlib.AbstractContextManager[None]:
    """What goes wrong within is no failure: pip comes to the same place, and says what is wrong."""
    return contextlib.suppress(Exception)


def _getting(url: str) -> Callable[[Any], object]:
    """What pip does to have a file."""
    return lambda session: session.get(url, headers=HEADERS, stream=True)


# Objects that are made before Python looks for garbage.
_RARELY = 100_000
_FETCH = parameters(seams.FETCH.owner()[0].fetch_response)
