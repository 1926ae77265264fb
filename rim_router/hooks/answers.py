"""What an index has of a project, and the bytes of a file: as pip finds them, and judges them."""

from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pip._internal.cli.progress_bars import get_download_progress_renderer
from pip._internal.index.package_finder import LinkType
from pip._internal.network.utils import HEADERS, raise_for_status, response_chunks

from rim_router.errors import IndexFailedError, RimRouterError
from rim_router.hooks.diagnostics import pip_error
from rim_router.hooks.failures import FAILURES, reason, remedy
from rim_router.hooks.lookalike import lookalike
from rim_router.hooks.routing import applied
from rim_router.hooks.tracking import File, digests_of, url_of
from rim_router.hooks.transfer import Transfer, content_length
from rim_router.libraries import library
from rim_router.record import Record
from rim_router.rules.external import judge_wheel
from rim_router.rules.filenames import DISTRIBUTIONS, names_in
from rim_router.rules.hosts import Hosts, is_upgrade
from rim_router.rules.names import normalise
from rim_router.rules.remedies import ask_index, newer_openssl
from rim_router.rules.strategies import Answer, is_last
from rim_router.rules.urls import Origin, redact
from rim_router.rules.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rim_router.hooks.sources import RoutedSource
    from rim_router.rules.table import Decision, Index

ERRORS = (*FAILURES, OSError, ValueError, EOFError)
"""What may come of a question: a ``ValueError`` of a URL that nobody can be asked for, an ``EOFError`` where
pip wants a password and there is nobody to give it."""

_ELSEWHERE = (LinkType.different_project, LinkType.format_invalid)


class Found(Record):
    """A file on a page.

    :param ours: whether pip takes it for one of the project.
    :param skipped: why pip passes over it in this environment; None if it does not.
    """

    link: Any
    filename: str
    verdict: Verdict
    ours: bool = True
    skipped: str | None = None

    def as_json(self, index: str) -> dict[str, Any]:
        """In the shape of ``rim-router explain --json``."""
        return {
            "filename": self.filename,
            "index": index,
            "url": self.verdict.url,
            "hashes": digests_of(self.link),
            "yanked": bool(self.link.is_yanked),
            "requires_python": self.link.requires_python,
            "skipped": self.skipped,
            "allowed": self.verdict.allowed,
            "external": self.verdict.external,
            "reason": "; ".join(filter(None, (self.verdict.reason, self.verdict.although))),
            "remedy": None if self.verdict.remedy is None else str(self.verdict.remedy),
        }


class Answers:
    """Answers, by the rules of the table in force.

    :param finder: pip's.
    :param progress_bar: which kind of it pip is to show.
    """

    def __init__(self, finder: Any, session: Any, progress_bar: str) -> None:
        hooks = applied()
        assert hooks is not None
        self.services, self._router, self._rims = hooks
        self.session = session
        self._finder = finder
        self._progress_bar = progress_bar

    def to(
        self,
        question: Mapping[str, Any],
        answer: Callable[[Answers, Mapping[str, Any]], dict[str, Any]],
    ) -> dict[str, Any]:
        """What *answer* says to one question, or an error; and the hosts that were asked, in order."""
        asked = self.services.transport.asked
        asked.clear()
        try:
            given = answer(self, question)
        except ERRORS as failure:
            given = {"error": _error(failure)}
        return {**given, "hosts": [host for host in asked if host]}

    def project(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The files of a project, and what went wrong."""
        decision = self.services.table.route(question["name"])
        wheels = [self._wheel(wheel) for wheel in decision.wheels]
        files = [each.as_json("[[wheel]]") for each in wheels]
        problems: list[str] = []
        for index in decision.indexes:
            try:
                found, has_project = self.files(index, decision)
            except ERRORS as failure:
                error = getattr(failure, "error", None)
                problems.append(str(error) if isinstance(error, RimRouterError) else reason(failure))
                break  # as pip does: the next index is no substitute
            files += [each.as_json(index.name) for each in found]
            # Which request it is cannot be told: any file may be what is wanted, as one that is refused is.
            answer = Answer(has_project or bool(decision.wheels), has_refused=False, satisfies=bool(found))
            if decision.in_turn and is_last(decision.target.strategy, answer):
                break
        return {"files": files, "problems": problems}

    def _wheel(self, wheel: Any) -> Found:
        from pip._internal.models.link import Link

        link = Link(wheel.urls[0], requires_python=wheel.requires_python)
        link._hashes = wheel.digests
        verdict = judge_wheel(wheel, wheel.urls[0], self.services.table.pins)
        return Found(link, wheel.filename, self._limited(verdict))

    def files(
        self,
        index: Index,
        decision: Decision,
        urls: tuple[str, ...] | None = None,
        *,
        every: bool = False,
    ) -> tuple[list[Found], bool]:
        """The files that an index has of a project, and whether it has the project at all.

        :param urls: of the index or its mirrors; None is all of them.
        :param every: whether to have those of other projects, too, which a page of links has.
        :raises PipRoutingError: if none answers as an index, or without a password that nobody gives.
        """
        refused: list[Verdict] = []
        evaluator = self._evaluator(decision.name)
        inquiry = self._router.inquiry(
            decision,
            self.session,
            lambda page: self._finder.process_project_url(page, link_evaluator=evaluator),
            lambda verdict, *_: refused.append(verdict),
            fits=lambda link: evaluator.rim_router_results[link.url][0] is LinkType.candidate,
        )
        source = self._router.source(index, inquiry, urls)
        try:
            links, has_project = source.links()
            found = [self._judged(link, source, refused, evaluator) for link in links]
        except EOFError:  # pip has asked for a password
            what = f"Index {index.name} ({redact(index.url)}) wants a user name and a password"
            raise pip_error(IndexFailedError(what, hint="check the credentials for this index")) from None
        if not index.flat:
            return found, has_project
        if every:
            return [each if each.ours else self._as_its_own(each, source) for each in found], has_project
        return [each for each in found if each.ours], has_project

    def _as_its_own(self, found: Found, source: RoutedSource) -> Found:
        """A file of another project, judged as one of that."""
        name = next(map(normalise, names_in(found.filename)), "PROJECT")
        judge = self.services.judge(name, source.index, source.own)
        verdict = judge.judge(url_of(found.link), found.filename, digests_of(found.link))
        return found.replaced(verdict=self._limited(verdict))

    def _evaluator(self, name: str) -> Any:
        """pip's, which notes why it would pass over a file, and does not."""
        usual = self._finder.make_link_evaluator(name)
        evaluator = lookalike(usual)
        evaluator.rim_router_results = {}

        def evaluate_link(link: Any) -> Any:
            result = usual.evaluate_link(link)
            evaluator.rim_router_results[link.url] = result
            is_file = link.filename.lower().endswith(DISTRIBUTIONS)
            return (LinkType.candidate, "0") if is_file else (LinkType.format_unsupported, "no file")

        evaluator.evaluate_link = evaluate_link
        return evaluator

    def _judged(self, link: Any, source: RoutedSource, refused: list[Verdict], evaluator: Any) -> Found:
        if link.url not in evaluator.rim_router_results:
            evaluator.evaluate_link(link)  # a file of a directory
        kind, detail = evaluator.rim_router_results[link.url]
        ours, skipped = kind not in _ELSEWHERE, None if kind is LinkType.candidate else str(detail)
        if skipped is None and not _is_version(detail):
            ours, skipped = False, f"{detail} is not a version"
        standin = self._rims.standin_of(link)
        real = link if standin is None else standin.rim
        verdict = self._verdict(link, standin, source, refused)
        return Found(real, real.filename, self._limited(verdict), ours, skipped)

    def _verdict(self, link: Any, standin: Any, source: RoutedSource, refused: list[Verdict]) -> Verdict:
        """The verdict on a file once pip considers it: a ``.rim`` is opened, also one beside a wheel."""
        tracker = self.services.tracker
        file = source.judged(link if standin is None else standin.rim)
        if not file.verdict.allowed:
            return file.verdict
        file = tracker.add(file)
        try:
            real = self._rims.considered(link, self.session)
        except ERRORS as failure:
            if not file.verdict.allowed:
                return file.verdict
            why = f"it cannot be opened: {reason(failure)}"
            remedy = ask_index(source.index.name, "it has to give another file")
            return file.verdict.replaced(allowed=False, reason=why, remedy=remedy)
        if standin is None:
            return file.verdict
        known = None if real is None else tracker.find(real)
        verdict = refused[-1] if known is None else known.verdict
        if verdict.url == file.verdict.url:
            return verdict  # on the .rim itself
        return verdict.replaced(reason=f"stands for {verdict.url}: {verdict.reason}")

    def _limited(self, verdict: Verdict) -> Verdict:
        """A verdict with what is to be said of an external file that this OpenSSL may not ask for."""
        minimum = self.services.table.policy.asks_for_newer(ssl.OPENSSL_VERSION)
        if minimum is None or not (verdict.allowed and verdict.external):
            return verdict
        why = f"its host may not be asked with {ssl.OPENSSL_VERSION}: {minimum}"
        return verdict.replaced(allowed=False, reason=why, remedy=newer_openssl())

    # Files

    def file(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Download a file; *into* a path, or only to know its digests.

        One that is wanted *if_elsewhere* is not, if the index itself turns out to serve it.
        """
        url, size, strong = question["url"], question["size"], question["strong"]
        hosts, said = self._hosts(question), question["said"]
        file = File(
            question["project"], question["filename"], url,
            Verdict(True, redact(url), True, said, None, question["digests"]), said, hosts, size,
        )  # fmt: skip
        transfer = Transfer({*question["algorithms"], *file.digests}, size)
        record = self.services.requests.remedy(file.name, file.remedy)
        view = self.services.transport.guard(self.session, hosts, file.filename, strong=strong, record=record)
        response = view.get(url, headers=HEADERS, stream=True)
        raise_for_status(response)
        if question["if_elsewhere"] and self._is_own(hosts, url, response):
            response.close()
            return {"digests": None, "size": None, "wrong": []}
        if response.status_code == 200:
            transfer.attach(response, lambda headers: view.get(url, headers=headers, stream=True))
        with Path(question["into"] or os.devnull).open("wb") as target:
            for chunk in self._shown(response):
                target.write(chunk)
        wrong = self.services.faults(file, transfer)
        if not wrong:
            self.services.verify(file, url, transfer)
        elif not transfer.complete or size not in (None, transfer.size):
            return {"error": {"message": wrong[0], "notes": [], "hint": None, "refused": False}}
        return {"digests": transfer.digests, "size": transfer.size, "wrong": wrong}

    def _is_own(self, hosts: Hosts, url: str, response: Any) -> bool:
        """Whether none but the index itself has been asked for a file."""
        first = Origin.of(url)
        places = {Origin.of(each.url) for each in (*response.history, response)}
        return all(place in hosts.own or is_upgrade(first, place) for place in places)

    def _shown(self, response: Any) -> Iterator[bytes]:
        chunks: Iterator[bytes] = response_chunks(response)
        if not sys.stdout.isatty():
            return chunks
        progress = get_download_progress_renderer(bar_type=self._progress_bar, size=content_length(response))
        shown: Iterator[bytes] = progress(chunks)
        return shown

    def size(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The size that a server says a file has; None if it does not say."""
        view = self.services.transport.guard(
            self.session, self._hosts(question), question["filename"], strong=question["strong"]
        )
        try:
            response = view.head(question["url"], headers=HEADERS, allow_redirects=True)
            raise_for_status(response)
        except FAILURES as failure:
            if isinstance(getattr(failure, "error", None), RimRouterError):
                raise  # it may not even be asked
            return {"size": None}
        return {"size": content_length(response)}

    def _hosts(self, question: Mapping[str, Any]) -> Hosts:
        decision, url = self.services.table.route(question["project"]), question["url"]
        if question["named"] is not None:
            return Hosts.of_reference(decision, url, question["named"])
        return Hosts.of_file(decision, url)


def _is_version(text: str) -> bool:
    try:
        library("packaging.version").Version(text)
    except ValueError:
        return False
    return True


def _error(failure: Exception) -> dict[str, Any]:
    """An error of ours as it is; what else goes wrong in pip, as pip says it."""
    error = getattr(failure, "error", None)
    if isinstance(error, RimRouterError):
        given: dict[str, Any] = {"message": error.message, "notes": [*error.notes], "hint": error.hint}
        return {**given, "refused": not isinstance(error, IndexFailedError)}
    if isinstance(failure, EOFError):
        message = "the server wants a user name and a password"
        return {"message": message, "notes": [], "hint": None, "refused": False}
    return {"message": reason(failure), "notes": [], "hint": remedy(failure), "refused": False}
