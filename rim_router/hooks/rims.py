""".rim files among the candidates: opened when one is considered, and then replaced by the real wheel."""

from __future__ import annotations

import copy
import io
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pip._internal.metadata import get_wheel_distribution
from pip._internal.metadata.base import MemoryWheel
from pip._internal.models.link import Link

from rim_router.errors import ContradictionError, DownloadError, RefusedFileError
from rim_router.hooks.diagnostics import logger
from rim_router.hooks.seam import parameters
from rim_router.hooks.tracking import File, url_of
from rim_router.rules.hosts import Hosts
from rim_router.rules.names import RIM_SUFFIX, WHEEL_SUFFIX, normalise
from rim_router.rules.remedies import ask_index, go_online
from rim_router.rules.urls import redact
from rim_router.rules.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rim_router.hooks.services import Services
    from rim_router.rim import Rim
    from rim_router.rules.external import Judge
    from rim_router.rules.table import Decision

# What pip passes from a link to the candidate that is made of it; older pips know fewer.
_KEPT = tuple(
    name
    for name in ("comes_from", "requires_python", "yanked_reason", "upload_time", "cache_link_parsing")
    if name in parameters(Link)
)


class Standin:
    """A link to a ``.rim`` that pip takes for one to the wheel.

    :param link: the one that pip knows the wheel by.
    :param judge: the rules for the files of its index.
    :param judged: judges the ``.rim`` itself.
    :param refuse: notes that the wheel may not be used.
    :param offline: whether ``--no-index`` was given.
    """

    def __init__(
        self,
        rim: Any,
        link: Any,
        decision: Decision,
        judge: Judge,
        judged: Callable[[Any], File],
        refuse: Callable[[Verdict, Any], None],
        offline: bool,
    ) -> None:
        self.rim = rim
        self.link = link
        self.decision = decision
        self.judge = judge
        self.judged = judged
        self.refuse = refuse
        self.offline = offline
        self.real: Any = None
        self.opened = False
        self.refused: Verdict | None = None

    def note(self, verdict: Verdict) -> None:
        """Note that the wheel may not be used."""
        self.refused = verdict
        self.refuse(verdict, self.link)


# While a page of a claimed name is read: what turns its .rim links into those that pip understands.
reading: ContextVar[Callable[[Iterable[Any]], list[Any]] | None] = ContextVar("rim_router_rims", default=None)


class Rims:
    """The replacements of pip's functions that meet ``.rim`` files.

    Only where there is one is the code imported that reads them.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._standins: dict[str, Standin] = {}
        self._twins: dict[str, list[Standin]] = {}

    def stand_in(
        self,
        links: list[Any],
        decision: Decision,
        judge: Judge,
        judged: Callable[[Any], File],
        refuse: Callable[[Verdict, Any], None],
        *,
        offline: bool,
    ) -> list[Any]:
        """The links of a page, each ``.rim`` replaced by one that pip takes for its wheel.

        A wheel of the same name on the same page wins, and has to agree with the ``.rim``.
        """
        wheels: dict[str, list[Any]] = {}
        named = [(link.filename, link) for link in links]
        for filename, link in named:
            if filename.endswith(WHEEL_SUFFIX):
                wheels.setdefault(filename, []).append(link)
        result = []
        for filename, link in named:
            if not filename.endswith(RIM_SUFFIX):
                result.append(link)
            elif normalise(filename.partition("-")[0]) == decision.name:  # a flat page has others, too
                wheel = filename[: -len(RIM_SUFFIX)] + WHEEL_SUFFIX
                path, mark, query = url_of(link).partition("?")
                url = f"{path}/{quote(wheel)}{mark}{query}"
                stand_in = Link(url, **{name: getattr(link, name, None) for name in _KEPT})
                standin = Standin(link, stand_in, decision, judge, judged, refuse, offline)
                for twin in wheels.get(wheel, ()):
                    self._twins.setdefault(url_of(twin), []).append(standin)
                if wheel not in wheels:
                    self._standins[url] = standin
                    result.append(stand_in)
        return result

    def standin_of(self, link: Any) -> Standin | None:
        """The ``.rim`` that a candidate's link stands for."""
        return self._standins.get(url_of(link)) if self._standins else None

    def evaluate_links(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``PackageFinder.evaluate_links``: the links of a page become candidates."""

        def evaluate(finder: Any, link_evaluator: Any, links: Any) -> Any:
            replaced = reading.get()
            return original(finder, link_evaluator, links if replaced is None else replaced(links))

        return evaluate

    def candidate(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``Factory._make_candidate_from_link``: the resolver considers a candidate."""

        def make(factory: Any, link: Any, *args: Any, **kwargs: Any) -> Any:
            factory.preparer.rim_router_names_are_compared = True
            link = self.considered(link, factory.preparer._session)
            return None if link is None else original(factory, link, *args, **kwargs)

        return make

    def requirement(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``PackageFinder.find_requirement``: the legacy resolver has decided on a candidate."""

        def find(finder: Any, req: Any, upgrade: bool) -> Any:
            found = original(finder, req, upgrade)
            if found is None:
                return None
            link = self.considered(found.link, finder._link_collector.session)
            if link is None:
                standin = self.standin_of(found.link)
                verdict = None if standin is None else standin.refused
                assert verdict is not None  # or there would be a link
                name = normalise(found.name)
                raise self._services.refusal(
                    RefusedFileError(
                        f"{found.link.filename} may not be used",
                        notes=[verdict.cause],
                        hint=self._services.requests.remedy(name, verdict.remedy),
                    )
                )
            return found if link is found.link else type(found)(found.name, str(found.version), link)

        return find

    def metadata(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``_fetch_metadata_using_lazy_wheel``: METADATA from the ``.rim``, never from a part of a wheel."""

        def fetch(preparer: Any, link: Any) -> Any:
            file = self._services.tracker.find(link)
            if file is None:
                return original(preparer, link)
            if file.rim is None or preparer.require_hashes:
                return None
            from rim_router.rim import stub_wheel

            wheel = MemoryWheel(file.filename, io.BytesIO(stub_wheel(file.rim)))
            return get_wheel_distribution(wheel, file.name)

        return fetch

    def prepared(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``_prepare_linked_requirement``: the whole wheel is here, and must agree with the ``.rim``."""

        def prepare(preparer: Any, req: Any, parallel_builds: bool) -> Any:
            dist = original(preparer, req, parallel_builds)
            file = self._services.tracker.find(req.link)
            if file is not None and file.rim is not None:
                self._check_agreement(file.rim, Path(req.local_file_path))
            return dist

        return prepare

    def _check_agreement(self, rim: Rim, path: Path) -> None:
        from rim_router.rim import agrees, read_dist_info

        faults: list[str] = []
        with path.open("rb") as stream:
            _, files = read_dist_info(stream, rim.wheel, faults)
        difference = agrees(rim, files.get("METADATA", b""))
        if difference is not None or faults:
            what = "may not be" if difference is None else "is not"
            raise self._services.refusal(
                ContradictionError(
                    f"the METADATA of {rim.wheel_filename} {what} that of {rim.filename}, which stood for it",
                    notes=[*faults, *([] if difference is None else [difference])],
                    hint=rim.advice,
                )
            )

    def considered(self, link: Any, session: Any) -> Any:
        """The link of the real wheel; None if it may not be used."""
        try:
            return self._seen_through(link, session)
        except DownloadError as error:
            raise self._services.refusal(error) from error

    def _seen_through(self, link: Any, session: Any) -> Any:
        file = self._services.tracker.find(link)
        if file is not None and self._twins:
            for twin in self._twins.pop(url_of(link), ()):
                rim = self._open(twin, session)
                if rim is not None:
                    file.require(rim.strong_hashes, twin.rim.filename)
        standin = self.standin_of(link)
        if standin is None:
            self._services.consider(link, file)
            return link
        if not standin.opened:
            standin.opened = True
            standin.real = self._real(standin, session)
        return standin.real

    def _real(self, standin: Standin, session: Any) -> Any:
        rim = self._open(standin, session)
        if rim is None:
            return None
        verdict = standin.judge.judge(rim.uri, rim.wheel_filename, rim.strong_hashes)
        if verdict.allowed and standin.offline:
            reason = "not in the file system, and --no-index is given"
            verdict = verdict.replaced(allowed=False, reason=reason, remedy=go_online())
        if not verdict.allowed and not verdict.contradiction:
            standin.note(verdict)
            return None
        kept = {name: getattr(standin.rim, name, None) for name in _KEPT}
        algorithm, digest = next(iter(rim.strong_hashes.items()))
        link = Link(f"{rim.uri}#{algorithm}={digest}", **kept)
        said = self._services.tracker.find(standin.rim)
        if said is not None:  # as old as the .rim is, and exempt if that is
            verdict = verdict.replaced(uploaded=said.verdict.uploaded, although=said.verdict.although)
        file = File(
            name=standin.decision.name,
            filename=rim.wheel_filename,
            url=url_of(link),
            verdict=verdict,
            said=rim.filename,
            hosts=Hosts.of_index(standin.judge.index, standin.judge.own),
            size=rim.size,
            elsewhere=lambda: self._elsewhere(standin, session),
            advice=rim.advice,
            rim=rim,
            index=standin.judge.index,
        )
        self._services.tracker.add(file)
        self._services.consider(link, self._services.tracker.find(link))
        return link

    def _elsewhere(self, standin: Standin, session: Any) -> Iterator[str]:
        """Where the ``.rim`` files of the same name on the mirrors of the index say that the wheel is."""
        file = self._services.tracker.find(standin.rim)
        for url in () if file is None else file.elsewhere():
            mirrored = copy.copy(standin)
            mirrored.rim = Link(url)
            try:
                rim = self._open(mirrored, session)
            except DownloadError as error:
                logger.warning("%s", error)
                continue
            if rim is not None:
                verdict = standin.judge.judge(rim.uri, rim.wheel_filename, rim.strong_hashes)
                if verdict.allowed:
                    yield rim.uri
                else:
                    standin.note(verdict)

    def _open(self, standin: Standin, session: Any) -> Rim | None:
        """Fetch and read a ``.rim``; None, and a note, if it is malformed."""
        link = standin.rim
        file = self._services.tracker.find(link)
        if file is None:  # one beside its wheel is no candidate itself
            file = self._services.tracker.add(standin.judged(link))
        if not file.verdict.allowed:
            standin.note(file.verdict)
            return None
        from rim_router.hooks.rim_fetch import fetch
        from rim_router.rim import RimError, read

        data = fetch(file, session, self._services)
        try:
            rim = read(data, link.filename)
            if rim.name != standin.decision.name:
                raise RimError(link.filename, [f"is of {rim.name}"])
        except RimError as error:
            logger.warning("%s", error)
            remedy = ask_index(standin.judge.index.name, "it has to give another .rim")
            verdict = Verdict(False, redact(link.url), False, "; ".join(error.faults), remedy)
            standin.note(verdict)
            return None
        return rim
