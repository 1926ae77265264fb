"""Index pages of claimed names: fetched strictly, so that no failure passes for an empty page."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from pip._vendor.requests.exceptions import RequestException

from rim_router.errors import IndexFailedError, NamespaceError, QuarantinedError, StatusError
from rim_router.hooks.failures import no_answer, remedy, tls_failure
from rim_router.hooks.lookalike import dissolve, lookalike
from rim_router.rules.page_metadata import (
    QUARANTINE_HINT,
    STATUS_HINT,
    ProjectStatus,
    is_json,
    is_ordinary,
    project_status,
)
from rim_router.rules.recognition import (
    LOGIN_HINT,
    NO_INDEX_HINT,
    is_file_of,
    is_page_with,
    namespace_fault,
    page_fault,
)
from rim_router.rules.remedies import key_line
from rim_router.rules.urls import redact, scrub

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rim_router.hooks.services import Services
    from rim_router.rules.table import Index
    from rim_router.rules.urls import Origin

_NOT_FOUND = (404, 410)
_UNAUTHORISED, _FORBIDDEN = 401, 403
_ABSENT_STATUS = f"absent-status = [{_FORBIDDEN}]"
_ABSENT_FILES = ("FileNotFoundError", "NotADirectoryError")


class Page:
    """The page that is being fetched for a claimed name.

    :param base: the index's URL or a mirror's.
    :param project_name: normalised.
    :param namespace: that the index has to own; None for no such condition.
    :param fresh: whether an answer out of pip's HTTP cache will not do.
    """

    def __init__(
        self,
        index: Index,
        base: str,
        project_name: str,
        namespace: str | None,
        services: Services,
        *,
        fresh: bool = False,
    ) -> None:
        self.index = index
        self.base = base
        self.project_name = project_name
        self.namespace = namespace
        self.services = services
        self.fresh = fresh
        self.absence: str | None = None  # how the index says that there is no such page
        self.has_files = False  # of the project, whether they may be used or not
        self.unchecked: Any = None  # the answer, as long as it is not known to be a page of an index
        self.is_ordinary = False  # a JSON page that tells at a glance that nothing speaks against it
        self.upgraded: Origin | None = None  # to https on the same host: then the index's own, too
        self.answer: Any = None  # as pip has it
        self.headers: Mapping[str, str] = {}  # of the answer

    @property
    def name_in_files(self) -> str | None:
        """The project whose files it has; None if it can have those of any."""
        return None if self.index.flat else self.project_name

    @property
    def must_be_index(self) -> bool:
        """Whether an HTML page has to look like one: not where any file of a directory is read."""
        return not (self.index.flat and self.base.startswith("file:"))

    def error(
        self, what: str, kind: type[IndexFailedError] = IndexFailedError, **details: Any
    ) -> IndexFailedError:
        """What is wrong with the index, which is its subject."""
        return kind(f"Index {self.index.name} ({redact(self.base)}) {what}", **details)

    def failed(self, what: str, kind: type[IndexFailedError] = IndexFailedError, **details: Any) -> Exception:
        """The error to raise, once it is recorded."""
        return self.services.refusal(self.error(what, kind, **details))

    def check(self, content: Any) -> None:
        """Look at an answer.

        :raises PipRoutingError: if it is no index page.
        """
        fault = page_fault(content.content, content.content_type, self.name_in_files)
        if fault is not None:
            what = f"answered with {content.content_type} that is not an index page: {fault}"
            raise self.failed(what, hint=fault.hint)

    def check_status(self, content: Any) -> None:
        """Look at the status of the project, which is never "not found" (PEP 792).

        :raises PipRoutingError: if it is quarantined.
        """
        self.is_ordinary = is_json(content.content_type) and is_ordinary(content.content)
        status = (
            ProjectStatus() if self.is_ordinary else project_status(content.content, content.content_type)
        )
        what = f"says that {self.project_name} is {status}"
        if status.is_quarantined:
            raise self.failed(what, QuarantinedError, hint=QUARANTINE_HINT)
        if status.is_active or self.fresh:  # the probe is not installed
            return
        forbidden = self.services.table.policy.forbids_status
        if forbidden is not None:
            raise self.failed(what, StatusError, notes=[forbidden], hint=STATUS_HINT)
        said = self.error(what).message
        self.services.announcer.warn(f"status {self.project_name} {self.index.name}", said)

    def read(self, links: list[Any]) -> None:
        """What pip has found in it.

        :raises PipRoutingError: if it is no index page.
        """
        self.has_files = self.has_files or any(is_file_of(link.filename, self.project_name) for link in links)
        content, self.unchecked = self.unchecked, None
        if content is None or (self.is_ordinary and links):
            return
        filenames = (link.filename for link in links)
        if not is_page_with(filenames, content.content, content.content_type, self.name_in_files):
            self.check(content)


_current: ContextVar[Page | None] = ContextVar("rim_router_page", default=None)


def is_strict() -> bool:
    """Whether a page is being fetched for a claimed name."""
    return _current.get() is not None


@contextmanager
def strictly(page: Page) -> Iterator[None]:
    """Within this block a page is fetched for a claimed name."""
    token = _current.set(page)
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        # What pip's parser raises on a page that is no index page; pip itself would crash.
        raise page.failed(f"answered with a page that cannot be read: {type(error).__name__}") from error
    finally:
        _current.reset(token)


def fetch_response(original: Callable[..., Any]) -> Callable[..., Any]:
    """``LinkCollector.fetch_response``: for a claimed name only an index page or "not found" will do."""

    def fetch(collector: Any, location: Any, *args: Any, **kwargs: Any) -> Any:
        page = _current.get()
        if page is None:
            return original(collector, location, *args, **kwargs)
        guarded = lookalike(collector)
        session = guarded.session = page.services.transport.guard(
            collector.session,
            page.services.hosts(page.index, page.index.own_origins),
            "its page",
            page=True,
            refused=page.error,
        )
        if page.fresh:
            session.headers = {**collector.session.headers, "Cache-Control": "max-age=0"}
        try:
            content = original(guarded, location, *args, **kwargs)
        except RequestException as error:  # one that pip has no answer to, such as redirects without end
            raise page.failed(no_answer(error) or scrub(str(error)), hint=remedy(error)) from error
        finally:
            page.upgraded, page.headers = session.rim_router_upgraded, session.rim_router_headers
            dissolve(session)
        if content is None:
            if page.absence is not None:
                return None
            raise page.failed("answered with something that is not an index page", hint=NO_INDEX_HINT)
        page.answer = content
        if page.must_be_index:
            page.unchecked = content
        page.check_status(content)
        if page.namespace is not None:
            fault = namespace_fault(content.content, content.content_type, page.namespace)
            if fault is not None:
                raise page.services.refusal(
                    NamespaceError(
                        f"Index {page.index.name} ({redact(page.base)}) is not known to own the namespace "
                        f"{page.namespace}: {fault}",
                        notes=[f"{page.project_name} is only accepted from the owner of that namespace"],
                        hint="whoever owns it there can tell; or take namespace out of the route",
                    )
                )
        return content

    return fetch


def handle_failure(original: Callable[..., None]) -> Callable[..., None]:
    """``_handle_get_simple_fail``: for a claimed name only "not found" is no error."""

    def handle(link: Any, reason: Any, *args: Any, **kwargs: Any) -> None:
        page = _current.get()
        if page is None:
            return original(link, reason, *args, **kwargs)
        response: Any = getattr(reason, "response", None)
        status = getattr(response, "status_code", None)
        # The page of a flat index is the index itself: without it there is nothing to be found on.
        if (
            (status in _NOT_FOUND or status in page.index.absent_statuses)
            and not page.index.flat
            and (link.scheme != "file" or response.reason in _ABSENT_FILES)
        ):
            page.absence = "has no page" if link.scheme == "file" else f"answers {status}"
            return original(link, reason, *args, **kwargs)
        if status is not None:
            unreachable, hint = status >= 500, _hint(page.index, response)
            raise page.failed(f"failed: {scrub(str(reason))}", hint=hint, unreachable=unreachable)
        failure = sys.exc_info()[1]  # pip has only said what its text is
        if failure is None:
            raise page.failed(f"failed: {scrub(str(reason))}", unreachable=True)
        # A wrong certificate is an answer, and no reason to ask a mirror.
        hint, unreachable = remedy(failure), tls_failure(failure) is None
        what = no_answer(failure) or f"failed: {scrub(str(reason))}"
        raise page.failed(what, hint=hint or mirrors_hint(page.index), unreachable=unreachable)

    return handle


def mirrors_hint(index: Index) -> str:
    """What may help where an index cannot be reached."""
    if index.mirrors:
        return f"its URL and its mirrors are in {index.source}"
    line = key_line('mirrors = ["URL"]', index)
    return f"if another server has the same content, {line}"


def _hint(index: Index, response: Any) -> str | None:
    """What may help where an index answers with an error."""
    status = response.status_code
    if status >= 500:
        return mirrors_hint(index)
    if status not in (_UNAUTHORISED, _FORBIDDEN):
        return None
    answers = [*response.history, response]
    if any("Authorization" in each.request.headers for each in answers):
        hint = f"check the credentials for this index ({index.source})"
    elif status == _UNAUTHORISED:
        return LOGIN_HINT
    else:
        hint = "the index was asked without credentials"
    if index.flat or status != _FORBIDDEN:  # 401 is never "not found"
        return hint
    probe = "" if index.probe else 'probe = "NAME" (a project that it certainly has) and '
    line = key_line(probe + _ABSENT_STATUS, index)
    return f"{hint}; if {status} means that there is no such project, {line}"
