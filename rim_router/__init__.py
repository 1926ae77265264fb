"""Makes pip fetch each package only from the index you assign to its name."""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["RimRouterError", "__version__", "load"]


def __getattr__(name: str) -> object:
    # The public API is loaded when it is first asked for (PEP 562): pip has no use for it.
    if name == "RimRouterError":
        from rim_router.errors import RimRouterError

        return RimRouterError
    if name == "load":
        from rim_router.config import load

        return load
    raise AttributeError(f"module 'rim_router' has no attribute {name!r}")
