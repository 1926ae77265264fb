"""Every hook point replaced: what makes pip follow the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.hooks import children, diagnostics, failures, pages, seams
from rim_router.hooks.downloads import Downloads
from rim_router.hooks.finder import Router
from rim_router.hooks.given import Given
from rim_router.hooks.installation import Installation
from rim_router.hooks.patching import replace
from rim_router.hooks.references import References
from rim_router.hooks.rims import Rims
from rim_router.hooks.services import Services
from rim_router.hooks.verification import Verification
from rim_router.journal import Journal

if TYPE_CHECKING:
    from rim_router.rules.table import RoutingTable

_applied: list[tuple[Services, Router, Rims]] = []


def applied() -> tuple[Services, Router, Rims] | None:
    """What routes this process; None if nothing does."""
    return _applied[0] if _applied else None


def apply(table: RoutingTable, *, inherited: bool) -> None:
    """Replace every hook point; they have all been probed."""
    services = Services(table, Journal(), inherited=inherited)
    services.log_tables()
    diagnostics.watch_messages()
    failures.watch_retries()
    rims, verification, downloads = Rims(services), Verification(services), Downloads(services)
    router = Router(services, rims)
    _applied.append((services, router, rims))
    replace(seams.CREATE, router.create)
    replace(seams.COLLECT, router.collect_sources)
    replace(seams.ALL, router.find_all_candidates)
    replace(seams.BEST, router.find_best_candidate)
    replace(seams.NOT_FOUND, router.endings.not_found)
    replace(seams.IMPOSSIBLE, router.endings.impossible)
    replace(seams.RESOLVER, router.endings.resolver)
    replace(seams.FETCH, pages.fetch_response)
    replace(seams.FAIL, pages.handle_failure)
    given = Given()
    references = References(services, given)
    replace(seams.PREPARE, references.prepare)
    replace(seams.PREPARE_EDITABLE, references.prepare)
    replace(seams.EVALUATE, rims.evaluate_links)
    replace(seams.LEGACY, rims.requirement)
    replace(seams.LAZY, rims.metadata)
    replace(seams.PREPARED, rims.prepared)
    replace(seams.HASHES, verification.hashes)
    replace(seams.CACHE, verification.cached_wheel)
    replace(seams.DOWNLOAD, downloads.download)
    installation = Installation(services, references, given)
    replace(seams.GIVEN, given.requirements)
    replace(seams.GIVEN, services.requests.given)
    replace(seams.BUILD, given.build)
    replace(seams.INSTALL_ALL, installation.install_all)
    replace(seams.INSTALL_BUILD, installation.install_all)
    replace(seams.INSTALL, installation.install)
    replace(seams.UNINSTALL, installation.uninstall)
    replace(seams.REMOVED, installation.removed)
    replace(seams.SAVE, installation.save)
    replace(seams.BUILT, installation.build)
    version = seams.release(seams.pip_version())
    for seam, make in (
        (seams.CONSIDER_22_2, rims.candidate),
        (seams.CONSIDER, rims.candidate),
        (seams.SIDECAR, verification.metadata_file),
        (seams.BATCH, downloads.batch),
        (seams.CHILD_22_2, children.routed_runner),
        (seams.CHILD, children.routed_runner),
        (seams.CHILD_26_2, children.routed_runner),
    ):
        if seam.applies_to(version):
            replace(seam, make)
    if table.speed:
        from rim_router.hooks import speed

        speed.apply(services)
