"""What makes pip faster and changes nothing else; each feature only where this pip has what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.hooks import fast_seams, seams
from rim_router.hooks.patching import replace
from rim_router.rules.speed import ASK_EARLY, DROP_EARLY, PARALLEL_DOWNLOADS

if TYPE_CHECKING:
    from rim_router.hooks.services import Services

# Each needs what those before it need.
_IN_ORDER = (DROP_EARLY, ASK_EARLY, PARALLEL_DOWNLOADS)


def apply(services: Services) -> None:
    """Replace the hook points of the features that are on."""
    features = available() & services.table.speed
    if not features or services.recording:
        return
    from rim_router.hooks import dropping

    drop = dropping.Dropping()
    if DROP_EARLY in features:
        drop.reads = True
        replace(seams.PROCESS, drop.process)
        replace(fast_seams.PARSE, drop.links)
        replace(fast_seams.QUOTE, dropping.quoted)
        replace(fast_seams.CHECK_PYTHON, dropping.remembered)
    if features == {DROP_EARLY}:
        return
    from rim_router.hooks.early import Early
    from rim_router.hooks.foresight import Foresight

    services.transport.early = Early()
    foresight = Foresight(services, services.transport.early, drop, asks=ASK_EARLY in features)
    replace(seams.RESOLVER, foresight.resolver)
    if ASK_EARLY in features:
        version = seams.release(seams.pip_version())
        considered = seams.CONSIDER if seams.CONSIDER.applies_to(version) else seams.CONSIDER_22_2
        replace(considered, foresight.candidate)
    if PARALLEL_DOWNLOADS in features:
        replace(fast_seams.COMPLETE, foresight.complete)


def available() -> frozenset[str]:
    """The features that this pip has everything for."""
    lacking = (place for place, feature in enumerate(_IN_ORDER) if seams.lacking(feature))
    return frozenset(_IN_ORDER[: next(lacking, None)])
