"""Whether the "not found" of an index counts: only where the index has its probe (reference: Probes)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.errors import IndexFailedError
from rim_router.hooks.diagnostics import logger
from rim_router.hooks.listings import listing
from rim_router.rules.urls import is_local, redact

if TYPE_CHECKING:
    from rim_router.hooks.listings import Inquiry
    from rim_router.rules.table import Index


def believe(inquiry: Inquiry, index: Index, url: str, absence: str) -> None:
    """Let an index say that it has no file of the project, if a file of its probe is found at the same URL.

    What is found is remembered for the rest of the process.

    :param url: of the index or of a mirror: the one that says so.
    :param absence: how it says so, as a sentence without its subject.
    :raises PipRoutingError: if the probe is not found, or cannot be asked for.
    """
    probe, name = index.probe, inquiry.decision.name
    if probe is None or (url, probe) in inquiry.services.probed:
        return
    lost = (
        absence if probe == name else listing(inquiry, index, url, probe, lambda _: [], probing=True).absence
    )
    if lost is None:
        inquiry.services.probed.add((url, probe))
        logger.debug('Index %s has its probe %s: its "not found" counts', index.name, probe)
        return
    question = "is that the right directory?" if is_local(url) else "are the credentials right?"
    raise inquiry.services.refusal(
        IndexFailedError(
            f"Index {index.name} ({redact(url)}) {lost} even for {probe}: {question}",
            notes=[f"{probe} is its probe: as long as that is not found, nothing counts as absent"],
            hint=f"correct the credentials or the URL; if {probe} is gone for good, name another probe "
            f"in {index.source}",
        )
    )
