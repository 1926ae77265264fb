"""Which other hosts a command asks: said, recorded, and not with too old an OpenSSL (spec 5.7, 5.8, 5.10)."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from rim_router.cli.download import Downloader
from rim_router.cli.rendering import tell
from rim_router.errors import RefusedHostError
from rim_router.journal import Journal
from rim_router.urls import Origin, redact

if TYPE_CHECKING:
    from rim_router.hosts import Hosts
    from rim_router.table import Policy
    from rim_router.verdict import Verdict

_REMEDY = "use a Python with a newer OpenSSL"


class Contacts:
    """Those of one command, by the same rules as those of pip with the hooks.

    :param announced: whether each is said when it is asked; not where the command's own answer names them.
    :ivar hosts: whatever was asked, in order, an index's own hosts and redirect targets included.
    """

    def __init__(self, policy: Policy, *, announced: bool = True) -> None:
        self.journal = Journal()
        self.hosts: list[str] = []
        self._policy = policy
        self._announced = announced
        self._said: set[str] = set()

    def ask(self, url: str, hosts: Hosts) -> bool:
        """Note that a URL is asked now; returns whether its host is the index's own.

        :raises RefusedHostError: if this OpenSSL may not ask it.
        """
        origin = Origin.of(url)
        if origin in hosts.own:
            self.hosts.append(origin.netloc)
            return True
        minimum = self._policy.asks_for_newer(ssl.OPENSSL_VERSION)
        if minimum is not None:
            message = f"{origin.netloc} may not be asked with {ssl.OPENSSL_VERSION}"
            raise RefusedHostError(message, notes=[minimum], hint=_REMEDY)
        rule = hosts.rule(origin) or "a redirect of a file with a strong digest"
        line = f"Contacting {origin.netloc} ({rule})"
        if self._announced and line not in self._said:
            self._said.add(line)
            tell(line)
        self.hosts.append(origin.netloc)
        self.journal.write("contacted", host=origin.netloc, url=redact(url), rule=rule)
        return False

    def limited(self, verdict: Verdict) -> Verdict:
        """A verdict with what is to be said of an external file that this OpenSSL may not ask for."""
        minimum = self._policy.asks_for_newer(ssl.OPENSSL_VERSION)
        if minimum is None or not (verdict.allowed and verdict.external):
            return verdict
        reason = f"its host may not be asked with {ssl.OPENSSL_VERSION}: {minimum}"
        return verdict.replaced(allowed=False, reason=reason, remedy=_REMEDY)

    def redirect_fault(
        self,
        hosts: Hosts,
        source: str,
        target: str,
        *,
        page: bool = False,
        strong: bool = True,
        listed: bool = False,
    ) -> str | None:
        """Why a redirect may not be followed; None if it may. See :meth:`Hosts.redirect_fault`.

        :param listed: as there, where the policy does not say so anyway.
        """
        listed = listed or self._policy.redirects == "listed"
        return hosts.redirect_fault(source, target, page=page, strong=strong, listed=listed)

    def note_redirect(self, source: str, target: str, fault: str | None) -> None:
        """Record a redirect, and why it is not followed."""
        self.journal.write(
            "redirect", url=redact(source), target=redact(target), allowed=fault is None, reason=fault
        )

    def downloader(self, context: ssl.SSLContext, hosts: Hosts, *, listed: bool = False) -> Downloader:
        """One for a file of which a strong digest is known, or is to be.

        :param listed: whether it may only be redirected to ``external-hosts``, whatever the policy says.
        """

        def rule(source: str, target: str) -> str | None:
            return self.redirect_fault(hosts, source, target, listed=listed)

        return Downloader(context, rule, lambda url: self.ask(url, hosts), self.note_redirect)
