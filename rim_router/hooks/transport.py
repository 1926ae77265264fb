"""A view of pip's session that only goes where the table allows (reference: Redirects)."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from pip._vendor.requests.exceptions import RequestException

from rim_router.errors import RefusedHostError, RimRouterError
from rim_router.hooks.diagnostics import pip_error
from rim_router.hooks.failures import EXTERNAL_ROOTS
from rim_router.hooks.lookalike import lookalike
from rim_router.libraries import library
from rim_router.record import Record
from rim_router.rules.hosts import Fault, forwards_to, is_login, is_upgrade
from rim_router.rules.recognition import LOGIN_HINT
from rim_router.rules.remedies import (
    allow_redirect,
    ask_server,
    move_index,
    newer_openssl,
    stop_forwarding,
)
from rim_router.rules.urls import Origin, redact, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from rim_router.hooks.diagnostics import Announcer
    from rim_router.hooks.early import Early
    from rim_router.journal import Journal
    from rim_router.rules.hosts import Hosts
    from rim_router.rules.table import RoutingTable

_OF_THE_SERVER = (Fault.UNREADABLE, Fault.NOT_HTTPS, Fault.NOT_HTTPS_ANY_MORE, Fault.WITH_CREDENTIALS)

_FORWARDED = "which is {}'s: it forwards the names that it lacks, and such an answer is not its own"


class _Wanted(Record):
    """What a guarded session is for; see :meth:`Transport.guard`."""

    hosts: Hosts
    what: str
    page: bool
    strong: bool
    record: str | None
    refused: Callable[..., RimRouterError] | None


class Transport:
    """What guarded sessions have in common."""

    def __init__(
        self,
        table: RoutingTable,
        announcer: Announcer,
        journal: Journal,
        *,
        recording: bool,
    ) -> None:
        self._table = table
        self._announcer = announcer
        self._journal = journal
        self._recording = recording
        # What has been asked for before pip asks; None for nothing.
        self.early: Early | None = None
        self.asked: list[str] = []  # the host of each request, redirects included

    def guard(
        self,
        session: Any,
        hosts: Hosts,
        what: str,
        *,
        page: bool = False,
        strong: bool = False,
        record: str | None = None,
        refused: Callable[..., RimRouterError] | None = None,
    ) -> Any:
        """A session like pip's own, for one page or file.

        Each URL is judged where it is sent, and in that form: requests goes to other hosts than what joins a
        ``Location`` to a URL elsewhere would say.

        :param what: is asked for, for messages.
        :param page: whether it is an index page.
        :param strong: whether a strong digest is known for it.
        :param record: how it would become known.
        :param refused: makes the error for a refused URL, with what :class:`IndexFailedError` takes.
        """
        wanted = _Wanted(hosts, what, page, strong, record, refused)
        view = lookalike(session)
        view.rim_router_upgraded = None
        view.rim_router_headers = {}  # of the last answer
        ask = view.request
        first = ""  # the URL that was asked for before any redirect
        source: str | None = None
        reasons: dict[Origin, str] = {}  # why hosts that no rule names may be asked all the same

        def request(*args: Any, **options: Any) -> Any:
            nonlocal source
            source = None
            response = ask(*args, **options)
            view.rim_router_headers = response.headers
            return response

        def get_redirect_target(response: Any) -> str | None:
            nonlocal source
            try:
                target: str | None = session.get_redirect_target(response)
                url = resolve(response.url, target) if target else None
            except ValueError:
                location = response.headers["Location"]
                hint = _hint(wanted, response.url, location, Fault.UNREADABLE, first)
                raise self._refusal(wanted, response.url, location, str(Fault.UNREADABLE), hint) from None
            if url is not None:
                # What requests makes of it, if it can read it at all, is judged when it is sent.
                try:
                    self._check(wanted, response.url, url, first)
                except RimRouterError:
                    response.close()
                    raise
                source = response.url
            return target

        def get_adapter(url: str) -> Any:
            nonlocal first
            first = url if source is None else first
            self._check(wanted, source, url, first)
            if source is not None:
                self._note(source, url)
            before, origin = Origin.of(source or url), Origin.of(url)
            upgrade = is_upgrade(before, origin)
            if upgrade and before in hosts.own:
                view.rim_router_upgraded = origin
            if origin in hosts.own or origin == view.rim_router_upgraded:
                self.asked.append(origin.netloc)
                usual = session.get_adapter(url)
                return usual if self.early is None else self.early.adapter(usual)
            redirect = (
                "a redirect of a file with a strong digest" if strong else "the index has the file there"
            )
            redirect = "http to https" if upgrade else redirect
            self._contact(origin, url, hosts.rule(origin) or reasons.setdefault(origin, redirect))
            self.asked.append(origin.netloc)
            return _external_adapter(session, self._table.policy.external_roots)

        view.request = request
        view.get_redirect_target = get_redirect_target
        view.get_adapter = get_adapter
        return view

    def _check(self, wanted: _Wanted, source: str | None, url: str, first: str) -> None:
        """Refuse a URL that may not be asked.

        :param source: what has redirected to it; None for nothing.
        :param first: the URL with which the redirects began.
        """
        hosts = wanted.hosts
        if source is None:
            fault = hosts.request_fault(url)
        else:
            fault = hosts.redirect_fault(
                source,
                url,
                page=wanted.page,
                strong=wanted.strong,
                listed=self._table.policy.redirects == "listed",
                recording=first if self._recording else None,
            )
        if wanted.page and source is not None and hosts.indexes:
            where = forwards_to(hosts.indexes[0], url, self._table.indexes, refused=fault is not None)
            if where is not None:
                raise self._refusal(
                    wanted, source, url, _FORWARDED.format(where), str(stop_forwarding(where))
                )
        if fault is not None:
            raise self._refusal(wanted, source, url, str(fault), _hint(wanted, source, url, fault, first))

    def _note(self, source: str, target: str, fault: str | None = None) -> None:
        self._journal.write(
            "redirect", url=redact(source), target=redact(target), allowed=fault is None, reason=fault
        )

    def _refusal(
        self, wanted: _Wanted, source: str | None, url: str, fault: str, hint: str | None = None
    ) -> Exception:
        if source is not None:
            self._note(source, url, fault)
        what = "its page" if wanted.page else wanted.what
        message = f"{'has' if source is None else 'redirects'} {what} {'at' if source is None else 'to'} "
        message += f"{redact(url)}, {fault}"
        if wanted.refused is not None:
            return pip_error(wanted.refused(message, hint=hint, moved=source is not None))
        who = "the table" if source is None else Origin.of(source)
        return pip_error(RefusedHostError(f"{who} {message}", hint=hint))

    def _contact(self, origin: Origin, url: str, rule: str) -> None:
        """Say which host is asked, and why that is allowed; and that this OpenSSL may do so."""
        minimum = self._table.policy.asks_for_newer(ssl.OPENSSL_VERSION)
        if minimum is not None:
            raise pip_error(
                RefusedHostError(
                    f"{origin.netloc} may not be asked with {ssl.OPENSSL_VERSION}",
                    notes=[minimum],
                    hint=str(newer_openssl()),
                )
            )
        self._announcer.say(f"Contacting {origin.netloc} ({rule})")
        self._journal.write("contacted", host=origin.netloc, url=redact(url), rule=rule)


def _hint(wanted: _Wanted, source: str | None, target: str, fault: Fault, first: str) -> str | None:
    """What would help against a URL that may not be asked."""
    if wanted.page and source is not None and is_login(target, source):
        return LOGIN_HINT
    if source is not None and fault in _OF_THE_SERVER:
        return str(ask_server(str(Origin.of(source)), "it has to redirect to a plain https URL"))
    if not wanted.hosts.indexes or fault in _OF_THE_SERVER:
        return None
    origin, index = Origin.of(target), wanted.hosts.indexes[0]
    if fault is Fault.ANOTHER_ORIGIN:
        return str(move_index(origin.netloc, index))
    may_record = wanted.hosts.rule(origin) is not None or Origin.of(first) in wanted.hosts.own
    if fault is Fault.WITHOUT_DIGEST and may_record:
        return wanted.record
    needs_digest = fault in (Fault.WITHOUT_DIGEST, Fault.UNVOUCHED)
    return str(allow_redirect(origin.netloc, index, wanted.record if needs_digest else None))


def _external_adapter(session: Any, roots: str) -> Any:
    """The adapter for other hosts than an index's own: its roots are Mozilla's or those the user chose.

    pip's own adapters may trust what the system trusts, or whatever ``--trusted-host`` says.

    :param roots: ``policy.external-roots``; with "system" they are what pip itself trusts.
    """
    known = session.__dict__.get("rim_router_adapter")
    if known is not None:
        return known
    usual = session.adapters["https://"]
    adapter = lookalike(usual)
    # An empty context: requests adds the roots that are given with each request. The kind that newer pips
    # have trusts what the system trusts, besides.
    kind = ssl.SSLContext if roots == "mozilla" or usual._ssl_context is None else type(usual._ssl_context)
    context = kind(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    adapter._ssl_context = context
    adapter.proxy_manager = {}
    adapter.init_poolmanager(
        usual._pool_connections, usual._pool_maxsize, block=usual._pool_block, ssl_context=context
    )

    def proxy_manager_for(proxy: str, **options: Any) -> Any:
        return type(usual).proxy_manager_for(adapter, proxy, **{**options, "ssl_context": context})

    def send(request: Any, *args: Any, verify: Any = True, **options: Any) -> Any:
        if not isinstance(verify, str):
            verify = library("certifi").where() if roots == "mozilla" else True
        try:
            return type(usual).send(adapter, request, *args, verify=verify, **options)
        except RequestException as failure:
            setattr(failure, EXTERNAL_ROOTS, roots)
            raise

    adapter.proxy_manager_for = proxy_manager_for
    adapter.send = send
    session.rim_router_adapter = adapter
    return adapter
