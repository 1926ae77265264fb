# ruff: noqa: FA100 -- these annotations are read at run time, on Python 3.9 too
"""The shape of what ``rim-router equip --json`` prints."""

from typing import Optional, TypedDict


class EquippedEnvironment(TypedDict):
    """One environment.

    :param path: as it was named or found, absolute.
    :param python: the version of its Python; null if it cannot be examined.
    :param state: "equipped" (nothing was to be done), "added", "replaced" (an older or damaged one),
        "removed", "absent", "other-version", "damaged", or "refused": nothing could be done.
    :param before: the version of rim-router that was there; null if none was.
    :param why: the reason for the state; null if there is nothing to say.
    :param hint: what to do about it; null if nothing is known.
    """

    path: str
    python: Optional[str]
    state: str
    before: Optional[str]
    why: Optional[str]
    hint: Optional[str]


class EquipReport(TypedDict):
    """What ``rim-router equip --json`` prints.

    :param version: of this shape: 1.
    :param rim_router: the version of this rim-router.
    :param ok: whether each environment is as it was asked for; then the exit code is 0.
    :param environments: in the order in which they were named and found.
    """

    version: int
    rim_router: str
    ok: bool
    environments: list[EquippedEnvironment]
