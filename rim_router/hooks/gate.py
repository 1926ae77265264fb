"""The gate: what every pip passes before its first look-up, and the decision made there, once.

Kept light: it is imported in every pip, also where no table is in force.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
import threading
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

SWITCH = "RIM_ROUTER_DISABLE"

# The layout of pip that the start-up code relies on to get here at all.
_ANCHORS = (("network", "session"), ("cli", "main_parser"))

_SUBPROCESSES = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system")

_state: dict[str, Any] = {}
_deciding = threading.RLock()


def pip_found(module: ModuleType) -> None:
    """pip itself was imported: is it laid out so that the awaited modules will come?"""
    for package, name in _ANCHORS:
        places = [f"{path}{os.sep}_internal{os.sep}{package}" for path in module.__path__]
        if PathFinder.find_spec(f"pip._internal.{package}.{name}", places) is None:
            _state["layout"] = "unknown"


def internal_found(_: ModuleType) -> None:
    """pip is about to run; with an unknown layout it could start another pip before any request."""
    if "layout" in _state:
        _stop_at_subprocesses()


def network_wanted(_: None) -> None:
    """pip loads its network stack; with an unknown layout this is the last moment to stop."""
    if "layout" in _state:
        stop_if_routed()


def stop_if_routed() -> None:
    """Stop this process if a table is in force that could not be applied to this pip.

    :raises SystemExit: if so. An import error could be taken for a library that is merely not there.
    """
    from rim_router.config.locate import locate
    from rim_router.errors import RimRouterError
    from rim_router.terminal import visible

    try:
        files = visible(", ".join(str(file.path) for file in locate()))
    except RimRouterError as error:
        files = str(error)
    if files and os.environ.get(SWITCH) == "1":
        if "warned" not in _state:
            sys.stderr.write(f"WARNING: {SWITCH}=1 turns routing off; not applied: {files}\n")
        _state["warned"] = True
    elif files:
        raise SystemExit(
            f"ERROR: a routing table is in force ({files}), and this pip is laid out in a way that is not "
            "supported: use pip 22.2 to the newest release that `rim-router doctor` knows, "
            "or upgrade rim-router"
        )


def session_loaded(module: ModuleType) -> None:
    """Every look-up and download begins with a ``PipSession``: decide when one is made."""
    original = module.PipSession.__init__

    @functools.wraps(original)
    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        with _deciding:
            _decide(module)
        original(self, *args, **kwargs)

    module.PipSession.__init__ = initialise


def _decide(module: ModuleType) -> None:
    """Route this pip, refuse, or leave it alone; only the last is looked at again for the next session.

    :raises BaseException: whatever went wrong the first time, also in the plugin itself: no later session
        may do without it.
    """
    if "refusal" in _state:
        raise _state["refusal"]
    if "routed" in _state:
        if _state["routed"] is not module:
            raise RuntimeError("pip was loaded a second time in this process, and only the first is routed")
        return
    # Nothing that is imported or read now goes away: looking for garbage in it would be for nothing.
    collecting = gc.isenabled()
    gc.disable()
    try:
        from rim_router.hooks.activation import activate

        if activate():
            _state["routed"] = module
    except BaseException as failure:
        _state["refusal"] = failure
        raise
    finally:
        if collecting:
            gc.enable()


def main_parser_loaded(module: ModuleType) -> None:
    """``pip --python`` starts another interpreter before there is any session.

    The child decides for itself, also whether routing is turned off.
    """
    if hasattr(module, "get_runnable_pip"):
        original = module.get_runnable_pip

        @functools.wraps(original)
        def get_runnable_pip() -> str:
            from rim_router.hooks.children import other_interpreter

            return other_interpreter(original())

        setattr(module, original.__name__, get_runnable_pip)
    elif hasattr(getattr(module, "cmdoptions", None), "python"):
        # This pip has the option, and does not do it in the way that is known.
        _stop_at_subprocesses()


def _stop_at_subprocesses() -> None:
    def stop(event: str, _: object) -> None:
        if event in _SUBPROCESSES and "routed" not in _state:
            stop_if_routed()

    sys.addaudithook(stop)
