"""Direct references (URLs instead of look-ups) to claimed names, wherever they come from."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from rim_router.errors import RefusedReferenceError
from rim_router.hooks.tracking import File, digests_of, upload_time, url_of
from rim_router.rules.digests import strong
from rim_router.rules.external import pinned
from rim_router.rules.filenames import names_in
from rim_router.rules.hosts import Hosts
from rim_router.rules.names import normalise
from rim_router.rules.references import hash_remedy, judge_reference
from rim_router.rules.urls import redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from rim_router.hooks.given import Given
    from rim_router.hooks.services import Services
    from rim_router.rules.remedies import Remedy
    from rim_router.rules.table import Decision
    from rim_router.rules.verdict import Verdict


class References:
    """The replacements of pip's functions that get hold of a file or a source tree.

    What no look-up has offered is a direct reference, however pip came by it: a requirement, a
    constraint, the metadata of another project, an entry of a ``pylock.toml``.
    """

    def __init__(self, services: Services, given: Given) -> None:
        self._services = services
        self._given = given
        self._table = services.table

    def prepare(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``prepare_linked_requirement`` and its editable twin: nothing is fetched before it is judged.

        What a URL holds can be told from it only for wheels; the name in the metadata is judged again
        afterwards, when nothing has been installed yet. What a look-up has offered for a name has that name
        in its metadata, or pip's resolver stops; its legacy one does not look.
        """

        def prepare(preparer: Any, req: Any, *args: Any, **kwargs: Any) -> Any:
            link = req.original_link or req.link
            # What pip built from a URL earlier lies in its cache, and is no more to be trusted than the URL.
            link = self._services.built_from.get(link.url, link)
            # The legacy resolver writes over the name what the metadata say.
            wanted = getattr(req, "rim_router_asked", None) or req.name
            for name in [wanted] if wanted else names_in(link.filename):
                self._check(name, link, req)
            dist = original(preparer, req, *args, **kwargs)
            is_compared = getattr(preparer, "rim_router_names_are_compared", False)
            if not (is_compared and wanted and self._is_offered(wanted, link)):
                self._check(dist.canonical_name, link, req, wanted if req.original_link is None else None)
            req.rim_router_asked = wanted or dist.canonical_name
            req.rim_router_link = link
            return dist

        return prepare

    def check_again(self, req: Any) -> None:
        """Whether what is about to be installed or saved was offered, or allowed, for its project.

        :raises PipRoutingError: if it was not.
        """
        link = getattr(req, "rim_router_link", None) or req.original_link or req.link
        name = getattr(req, "rim_router_asked", None) or req.name
        if link is not None:
            self._check(name, link, req)
        elif self._table.route(name).claimed:
            raise self._services.refusal(
                RefusedReferenceError(
                    f"{name} has no known source: no index has offered it, and nobody has named a file of it"
                )
            )

    def _is_offered(self, name: str, link: Any) -> bool:
        file = self._services.tracker.find(link)
        return file is not None and file.offered and file.name == self._table.route(name).name

    def _check(self, name: str, link: Any, req: Any, looked_up: str | None = None) -> None:
        """Refuse a link to a claimed name that the table does not allow.

        :param looked_up: the name for which an index has offered the link; None for a direct reference.
        """
        decision = self._table.route(name)
        if not decision.claimed or self._is_offered(name, link):
            return
        if looked_up is not None and normalise(looked_up) != decision.name:
            raise self._services.refusal(
                RefusedReferenceError(
                    f"{decision.name} may not come from {redact(link.url)}",
                    notes=[
                        f"it was looked up as {looked_up}, and its metadata say that it is {decision.name}",
                        f"{decision.name} is claimed by {decision.claim}",
                    ],
                )
            )
        is_strong, digests = (False, {}) if link.is_vcs else strong_digests(link, req)
        is_pinned = not link.is_vcs and self._table.pins.get(link.filename) is not None
        stranger = None if self._given.has(link, req) else required_by(req)
        verdict = judge_reference(
            link.url,
            decision,
            self._table.policy,
            strong=is_strong or is_pinned,
            pinned=is_pinned or self._services.recording,
            stranger=stranger,
            exempt=self._table.exempt,
            uploaded=upload_time(link),
            now=datetime.now(timezone.utc),
        )
        if not verdict.allowed:
            raise self._services.refusal(
                RefusedReferenceError(
                    f"{decision.name} may not come from {verdict.url}",
                    notes=[
                        *([] if stranger is None else [f"{stranger} requires it from there"]),
                        verdict.reason,
                        f"{decision.name} is claimed by {decision.claim}",
                    ],
                    hint=self._services.requests.remedy(decision.name, verdict.remedy),
                    entry=() if verdict.remedy is None else verdict.remedy.entry,
                )
            )
        if link.scheme in ("https", "http"):
            remedy = hash_remedy(link.url, decision, stranger)
            self._track(link, decision, verdict.replaced(digests=digests), remedy)

    def _track(self, link: Any, decision: Decision, verdict: Verdict, remedy: Remedy) -> None:
        verdict = pinned(verdict, link.filename, self._table.pins)
        url = url_of(link)
        hosts = Hosts.of_reference(decision, url)
        self._services.tracker.add(
            File(decision.name, link.filename, url, verdict, "the direct reference", hosts, remedy=remedy)
        )
        self._services.consider(link, self._services.tracker.find(link))


def required_by(req: Any) -> str:
    """The project in whose metadata a requirement is, for messages."""
    return str(getattr(req.comes_from, "name", None) or "the build of a project")


def strong_digests(link: Any, req: Any) -> tuple[bool, dict[str, str]]:
    """Whether each digest that pip would be content with is a strong one, and those that are required.

    :param link: the one that names the file.
    :param req: pip's requirement, which can have further hashes.
    """
    carried = digests_of(link)
    given = [(algorithm, value) for algorithm, values in req.hash_options.items() for value in values]
    if not all(strong({algorithm: digest}) for algorithm, digest in [*carried.items(), *given]):
        return False, {}
    # Of several for one algorithm any may be the right one: pip compares those.
    single = {algorithm: values[0] for algorithm, values in req.hash_options.items() if len(values) == 1}
    return bool(carried or given), strong({**single, **carried})
