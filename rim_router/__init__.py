"""Every package from the index that a table gives for its name, with unmodified pip.

This module is imported in every interpreter of the environment, and is itself the finder that waits there
for pip: so it imports nothing but ``sys``, defines no class, and has no other module imported before pip is.
"""

import sys

TYPE_CHECKING = False  # importing typing for this would cost more than all the rest
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

__all__ = ["RimRouterError", "__version__", "load"]


def wait_for_pip() -> None:
    """Start-up: register this module as a finder; any further call does nothing."""
    this: Any = sys.modules[__name__]
    if "pip" in sys.modules:
        from rim_router._startup import activate

        activate()
    elif this not in sys.meta_path:
        sys.meta_path.insert(0, this)


def find_spec(name: str, path: "Any" = None, target: "Any" = None) -> "Any":
    """Find nothing (see :mod:`importlib.abc`), but have the hooks' finder in this one's place for pip."""
    if name != "pip" and not name.startswith("pip."):
        return None
    from rim_router import _startup

    _startup.activate()
    return _startup.waiter.find_spec(name, path, target)


def __getattr__(name: str) -> object:
    # The public API is loaded when it is first asked for (PEP 562).
    if name == "RimRouterError":
        from rim_router.errors import RimRouterError

        return RimRouterError
    if name == "load":
        from rim_router.config import load

        return load
    raise AttributeError("module 'rim_router' has no attribute " + repr(name))
