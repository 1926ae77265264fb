"""The decision, once per process: route, refuse, or leave pip alone."""

from __future__ import annotations

import gc
import logging
import os
from typing import TYPE_CHECKING

from _rim_router.gate import in_pips_style
from rim_router.config.inheritance import INHERITED_VARIABLE
from rim_router.config.switch import DISABLE, decide
from rim_router.errors import RimRouterError
from rim_router.hooks.children import hand_down
from rim_router.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from rim_router.config.files import LayerFile

logger = logging.getLogger("rim_router")


def activate(fetch: Callable[[], LayerFile] | None = None) -> bool:
    """Find the tables; with one in force, route this process.

    Without one nothing more of pip or of the plugin is imported.

    :param fetch: brings a table that does not lie on this machine; None for no such table.
    :returns: whether that is settled; without a table there may be one when this is asked again.
    :raises BaseException: in pip's own style, if this pip must not go on.
    """
    try:
        files, off = decide(fetch=fetch)
    except RimRouterError as error:
        raise in_pips_style(error) from None
    if not files:
        return False
    if off:
        shown = visible(", ".join(file.place for file in files))
        logger.warning("%s=1 turns routing off; not applied: %s", DISABLE, shown)
        return True
    switch = os.environ.get(DISABLE)
    if switch:
        logger.warning("%s=%r has no effect: only the value 1 turns routing off", DISABLE, switch)
    inherited = bool(os.environ.get(INHERITED_VARIABLE))
    # Descendants use these files even where this process refuses: they then refuse too.
    hand_down(files)
    from rim_router.hooks.enforcement import enforce

    enforce(files, inherited=inherited)
    # All of pip that has been loaded until now stays until it ends: it need not be looked through for garbage
    # again and again.
    gc.freeze()
    return True
