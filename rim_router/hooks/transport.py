"""A view of pip's session that only goes where the table allows (spec section 5, rules 7, 8 and 10)."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from rim_router.errors import RefusedHostError, RimRouterError
from rim_router.external import host_line
from rim_router.hooks.diagnostics import pip_error
from rim_router.hooks.lookalike import lookalike
from rim_router.hosts import forwards_to, is_login, is_upgrade
from rim_router.libraries import library
from rim_router.urls import Origin, redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from rim_router.hooks.diagnostics import Announcer
    from rim_router.hosts import Hosts
    from rim_router.journal import Journal
    from rim_router.table import Index, Policy


class Transport:
    """What guarded sessions have in common."""

    def __init__(
        self,
        policy: Policy,
        announcer: Announcer,
        journal: Journal,
        indexes: tuple[Index, ...],
        *,
        recording: bool,
    ) -> None:
        self._policy = policy
        self._indexes = indexes
        self._announcer = announcer
        self._journal = journal
        self._recording = recording

    def guard(
        self,
        session: Any,
        hosts: Hosts,
        what: str,
        *,
        page: bool = False,
        strong: bool = False,
        refused: Callable[[str, str | None], RimRouterError] | None = None,
    ) -> Any:
        """A session like pip's own, for one page or file.

        :param what: is asked for, for messages.
        :param page: whether it is an index page.
        :param strong: whether a strong digest is known for it.
        :param refused: makes the error for a refused redirect from a message and a hint.
        """
        view = lookalike(session)
        view.rim_router_upgraded = None

        def get_redirect_target(response: Any) -> str | None:
            target: str | None = session.get_redirect_target(response)
            if target is not None:
                after = urljoin(response.url, target)
                self._check_redirect(hosts, response.url, after, what, page, strong, refused)
                if is_upgrade(Origin.of(response.url), Origin.of(after)):
                    view.rim_router_upgraded = Origin.of(after)
            return target

        def get_adapter(url: str) -> Any:
            origin = Origin.of(url)
            if origin in hosts.own or origin == view.rim_router_upgraded:
                return session.get_adapter(url)
            self._contact(origin, hosts, url)
            return _external_adapter(session)

        view.get_redirect_target = get_redirect_target
        view.get_adapter = get_adapter
        return view

    def _check_redirect(
        self,
        hosts: Hosts,
        source: str,
        target: str,
        what: str,
        page: bool,
        strong: bool,
        refused: Callable[[str, str | None], RimRouterError] | None,
    ) -> None:
        listed = self._policy.redirects == "listed" or (self._recording and not strong)
        try:
            fault = hosts.redirect_fault(
                source, target, page=page, strong=strong or self._recording, listed=listed
            )
        except ValueError:
            fault = "which cannot be read, or not by everybody in the same way"
        forwarding = self._forwarding(hosts, target, refused=fault is not None) if page else None
        if forwarding is not None:
            fault = forwarding[0]
        self._journal.write(
            "redirect", url=redact(source), target=redact(target), allowed=fault is None, reason=fault
        )
        if fault is None:
            return
        message = f"redirects {'its page' if page else what} to {redact(target)}, {fault}"
        hint = None
        if forwarding is not None:
            hint = forwarding[1]
        elif page and is_login(target):
            hint = "that looks like a log-in page: are the credentials for this index right?"
        elif hosts.indexes and "cannot be read" not in fault and "https" not in fault:
            index, netloc = hosts.indexes[0], Origin.of(target).netloc
            if "strong digest" in fault:
                hint = f"to record its digest, run: rim-router pin {what}"
            else:
                line = host_line(netloc, index)
                hint = f"if that is right, use that URL for the index, or {line}"
                if page:
                    hint = (
                        f"if all of the index is there now, use its URL there, or {line}; "
                        "if only names that it lacks are sent there, turn that off at the server"
                    )
        if refused is not None:
            raise pip_error(refused(message, hint))
        raise pip_error(RefusedHostError(f"{Origin.of(source)} {message}", hint=hint))

    def _forwarding(self, hosts: Hosts, target: str, *, refused: bool) -> tuple[str, str] | None:
        """What is wrong with a page's redirect to another index, and what to do; None if it is none (5.7)."""
        where = forwards_to(hosts.indexes[0], target, self._indexes, refused=refused)
        if where is None:
            return None
        fault = f"which is {where}'s: it forwards the names that it lacks, and such an answer is not its own"
        what_to_do = "turn that off at the server (GitLab, pypiserver and others forward to PyPI by default)"
        return fault, f"{what_to_do}; or, if the project is to come from {where}, route its name there"

    def _contact(self, origin: Origin, hosts: Hosts, url: str) -> None:
        """Say which host is asked, and why that is allowed; and that this OpenSSL may do so."""
        minimum = self._policy.asks_for_newer(ssl.OPENSSL_VERSION)
        if minimum is not None:
            raise pip_error(
                RefusedHostError(
                    f"{origin.netloc} may not be asked with {ssl.OPENSSL_VERSION}",
                    notes=[minimum],
                    hint="use a Python with a newer OpenSSL",
                )
            )
        rule = hosts.rule(origin) or "a redirect of a file with a strong digest"
        self._announcer.say(f"Contacting {origin.netloc} ({rule})")
        self._journal.write("contacted", host=origin.netloc, url=redact(url), rule=rule)


def _external_adapter(session: Any) -> Any:
    """The adapter for other hosts than an index's own: its roots are Mozilla's or those the user chose.

    pip's own adapters may trust what the system trusts, or whatever ``--trusted-host`` says.
    """
    known = session.__dict__.get("rim_router_adapter")
    if known is not None:
        return known
    usual = session.adapters["https://"]
    adapter = lookalike(usual)
    # An empty context: requests adds the roots that are given with each request.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    adapter._ssl_context = context
    adapter.proxy_manager = {}
    adapter.init_poolmanager(
        usual._pool_connections, usual._pool_maxsize, block=usual._pool_block, ssl_context=context
    )

    def proxy_manager_for(proxy: str, **options: Any) -> Any:
        return type(usual).proxy_manager_for(adapter, proxy, **{**options, "ssl_context": context})

    def send(request: Any, *args: Any, verify: Any = True, **options: Any) -> Any:
        roots = verify if isinstance(verify, str) else library("certifi").where()
        return type(usual).send(adapter, request, *args, verify=roots, **options)

    adapter.proxy_manager_for = proxy_manager_for
    adapter.send = send
    session.rim_router_adapter = adapter
    return adapter
