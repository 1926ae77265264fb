"""A table in force: every hook point replaced, or every look-up refused (spec section 1, fail closed)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rim_router.config import (
    lines,  # noqa: F401 - needed when a decision is explained, and nothing may be imported that late
    load_files,
)
from rim_router.errors import RimRouterError, UnsupportedPipError
from rim_router.hooks import children, diagnostics, pages, seams
from rim_router.hooks.diagnostics import pip_error
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
    from collections.abc import Callable, Iterable

    from rim_router.config.files import LayerFile
    from rim_router.table import RoutingTable


_applied: list[tuple[Services, Router, Rims]] = []


def applied() -> tuple[Services, Router, Rims] | None:
    """What routes this process; None if nothing does."""
    return _applied[0] if _applied else None


def enforce(files: Iterable[LayerFile], *, inherited: bool) -> None:
    """Route this process by these files, or make it refuse look-ups and requests.

    :param inherited: whether the process that started this one is routed by them.
    """
    try:
        table = load_files(files)
        check_pip()
        apply(table, inherited=inherited)
    except RimRouterError as error:
        refuse(error)


def check_pip() -> None:
    """Probe every hook point of this pip.

    :raises UnsupportedPipError: with each one that is not as expected.
    """
    version = seams.pip_version()
    supported = f"pip {'.'.join(map(str, seams.OLDEST))} or newer"
    if seams.release(version) < seams.OLDEST:
        raise UnsupportedPipError(
            f"A routing table is in force, and pip {version} is too old to be routed: {supported} is needed",
            hint="upgrade pip: RIM_ROUTER_DISABLE=1 python -m pip install --upgrade pip",
        )
    misses = [f"{seam.place} ({seam.why}): {fault}" for seam, fault in seams.probe() if fault]
    if misses:
        newest = ".".join(map(str, seams.NEWEST_TESTED))
        raise UnsupportedPipError(
            f"A routing table is in force, and pip {version} cannot be routed: "
            f"{len(misses)} of its hook points are not as expected",
            notes=misses,
            hint=f"use a pip from 22.2 to {newest}, or upgrade rim-router; "
            "`rim-router doctor` shows every hook point",
        )


def refuse(error: RimRouterError) -> None:
    """Stop every look-up and every request of this process with an error; all else goes on."""

    def gate(original: Callable[..., Any]) -> Callable[..., Any]:
        def refused(*args: Any, **kwargs: Any) -> Any:
            raise pip_error(error)

        return refused

    for seam in (seams.CREATE, seams.REQUEST):
        try:
            replace(seam, gate)
        except (ImportError, AttributeError):
            # A pip without this place to stop at: the session that is just being made is the next best.
            raise pip_error(error) from None


def apply(table: RoutingTable, *, inherited: bool) -> None:
    """Replace every hook point; they have all been probed."""
    services = Services(table, Journal(), inherited=inherited)
    services.journal.write("table", files=[str(source.file) for source in table.files])
    diagnostics.watch_messages()
    rims, verification, downloads = Rims(services), Verification(services), Downloads(services)
    router = Router(services, rims)
    _applied.append((services, router, rims))
    replace(seams.CREATE, router.create)
    replace(seams.COLLECT, router.collect_sources)
    replace(seams.ALL, router.find_all_candidates)
    replace(seams.BEST, router.find_best_candidate)
    replace(seams.NOT_FOUND, router.not_found)
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
    replace(seams.BUILD, given.build)
    replace(seams.INSTALL_ALL, installation.install_all)
    replace(seams.INSTALL_BUILD, installation.install_all)
    replace(seams.INSTALL, installation.install)
    replace(seams.UNINSTALL, installation.uninstall)
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
