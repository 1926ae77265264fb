"""The verdicts on the files of a page, as pip comes to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rim_router.external import Judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rim_router.cli.contacts import Contacts
    from rim_router.cli.pages import IndexFile, IndexPage
    from rim_router.table import Index, RoutingTable
    from rim_router.verdict import Verdict


def judged(
    page: IndexPage, name: str | None, index: Index, table: RoutingTable, contacts: Contacts
) -> Iterator[tuple[IndexFile, Verdict]]:
    """Each file of a page with the verdict on it.

    :param name: of the project, normalised; None if there is none in particular.
    """
    judge = Judge(name or "PROJECT", index, table.policy, table.pins, page.own)
    for file in page.files:
        yield file, contacts.limited(judge.judge(file.url, file.filename, file.hashes))
