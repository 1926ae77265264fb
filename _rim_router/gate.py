"""The gate: what every pip passes before its first look-up, and the decision made there, once.

Kept light: it is imported in every pip, also where no table is in force. It relies on as little of pip as
can be, and on nothing of ``rim_router``, so that a pip of any shape is routed or stops.
"""

from __future__ import annotations

import functools
import gc
import logging
import os
import sys
import threading
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

from _rim_router import search_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from rim_router.config.files import LayerFile
    from rim_router.errors import RimRouterError

DISABLE, REQUIRE = "RIM_ROUTER_DISABLE", "RIM_ROUTER_REQUIRE"

# Every look-up and download begins with a session: of pip's own class, or at least of one made from that of
# requests.
_SESSION, _REQUESTS = "_internal.network.session", "_vendor.requests.sessions"
MAIN_PARSER = "_internal.cli.main_parser"

# A command's method that looks for a newer pip, and the function that it calls once it has a session.
_VERSION_CHECK = ("handle_pip_version_check", "pip_self_version_check")

# The commands that need no session. To uninstall pip makes one, and does not use it.
_LOCAL = ("cache", "check", "config", "debug", "freeze", "hash", "help", "inspect", "list", "show")
UNINSTALL = "uninstall"

# Audit events.
SUBPROCESSES = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system")
CONNECTIONS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname")

UNKNOWN_LAYOUT = (
    "this pip is laid out in a way that is not supported: use pip 22.2 to the newest release that "
    "`rim-router doctor` knows, or upgrade rim-router"
)

_state: dict[str, Any] = {}
deciding = threading.RLock()


class Stop(SystemExit):
    """Ends this process with a message and without a traceback, also where pip catches everything.

    An ``Exception`` could be taken for a library that is merely not there.
    """

    def __init__(self, message: str) -> None:
        super().__init__(f"ERROR: {message}")
        self.message = message
        for handler in logging.getLogger().handlers:
            handler.addFilter(_plainly)


def _plainly(record: logging.LogRecord) -> bool:
    """pip logs whatever it does not expect with a traceback; here there is nothing in it."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, Stop):
        record.msg, record.args, record.exc_info = error.message, (), None
    return True


def in_pips_style(error: RimRouterError) -> BaseException:
    """The exception that stops pip with an error of the plugin; it works in a pip of any shape."""
    try:
        from rim_router.hooks.diagnostics import pip_error

        return pip_error(error)
    except Exception:  # whatever comes of importing what this pip does not have
        return Stop(str(error))


def pip_found(module: ModuleType) -> None:
    """pip itself was imported: is it laid out so that the awaited modules will come?"""
    _state["missing"] = {name for name in (_SESSION, MAIN_PARSER) if not _has(module, name)}
    if _SESSION in _state["missing"] and not _has(module, _REQUESTS):
        _state["missing"].add(_REQUESTS)


def _has(module: ModuleType, name: str) -> bool:
    packages = name.rpartition(".")[0].replace(".", os.sep)
    places = [f"{path}{os.sep}{packages}" for path in module.__path__]
    return PathFinder.find_spec(f"pip.{name}", places) is not None


def internal_found(_: ModuleType) -> None:
    """pip is about to run; one of an unknown layout could start another pip, or connect, unnoticed."""
    missing = _state.get("missing")
    if not missing:
        return
    at_events(SUBPROCESSES + CONNECTIONS, _stop_before_decision)
    if _REQUESTS in missing:
        # Not even its sessions will be noticed, so this is the last moment.
        command = next((word for word in sys.argv[1:] if not word.startswith("-")), UNINSTALL)
        if command not in (*_LOCAL, UNINSTALL):
            stop_if_routed(UNKNOWN_LAYOUT)


def at_events(events: tuple[str, ...], act: Callable[[], None]) -> None:
    """From here on do something at these events."""

    def hook(event: str, _: object) -> None:
        if event in events:
            act()

    sys.addaudithook(hook)


def _stop_before_decision() -> None:
    if "routed" not in _state and "refusal" not in _state:
        stop_if_routed(UNKNOWN_LAYOUT)


def stop_if_routed(problem: str) -> None:
    """Stop this process if a table is in force that could not be applied to this pip, or has to be one.

    :raises Stop: if so.
    """
    try:
        from rim_router.config.switch import decide
        from rim_router.errors import MustBeRoutedError, RimRouterError
        from rim_router.terminal import visible
    except Exception as failure:
        stop_broken(failure)
        return
    try:
        files, off = decide()
        what = visible(", ".join(file.place for file in files))
    except MustBeRoutedError as error:
        raise Stop(str(error)) from None
    except RimRouterError as error:
        what, off = str(error), False
    if off:
        warn(what)
    elif what:
        raise Stop(f"a routing table is in force ({what}), and {problem}")


def warn(what: str) -> None:
    """Say once that routing is turned off."""
    if "warned" not in _state:
        sys.stderr.write(f"WARNING: {DISABLE}=1 turns routing off; not applied: {what}\n")
    _state["warned"] = True


def stop_broken(failure: Exception) -> None:
    """The plugin itself is gone, and with it the way to learn whether there is a table, and what it says.

    :raises Stop: unless the user has turned routing off, and nothing here insists on it.
    """
    failure = _state.get("broken", failure)
    why = f"{type(failure).__name__}: {failure}"
    required = bool(os.environ.get(REQUIRE))
    if os.environ.get(DISABLE) == "1" and not required:
        warn(f"any table that there is ({why})")
        return
    alone = f"{REQUIRE}= {DISABLE}=1" if required else f"{DISABLE}=1"
    raise Stop(
        f"rim-router does not work here ({why}), and without it pip looks up nothing. "
        f"Install it again: {alone} python -m pip install --force-reinstall rim-router "
        "(if pip's index URL begins with rim+, add --index-url and that URL without rim+); "
        "or remove it: python -m pip uninstall rim-router"
    )


def requests_loaded(module: ModuleType) -> None:
    """What sessions are made from: a pip that has them elsewhere, or more kinds of them, is noticed too."""
    if not before_each(module, "Session", _decide) and _SESSION in _state.get("missing", ()):
        stop_if_routed(UNKNOWN_LAYOUT)


def session_loaded(module: ModuleType) -> None:
    """pip's own kind of session."""
    if not before_each(module, "PipSession", _decide) and "gated" not in _state:
        stop_if_routed(UNKNOWN_LAYOUT)
    try:
        from _rim_router import indexes

        indexes.session_loaded(module)
    except ImportError as failure:
        stop_broken(failure)


def before_each(module: ModuleType, name: str, act: Callable[[ModuleType], None]) -> bool:
    """Do something before an object of this class is made; modules are loaded without any need, too.

    :returns: whether there is such a class.
    """
    kind: Any = getattr(module, name, None)
    there = isinstance(kind, type)
    if not there:
        return False
    original = kind.__init__

    @functools.wraps(original)
    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        with deciding:
            act(module)
        original(self, *args, **kwargs)

    kind.__init__ = initialise
    _state["gated"] = True
    return True


def wait_for_table() -> None:
    """There is a table that a session has to fetch: until then nothing else is asked of anybody."""
    _state["waiting"] = True
    at_events(CONNECTIONS, _stop_while_waiting)


def _stop_while_waiting() -> None:
    if _state.get("waiting"):
        raise Stop(
            "the index URL is a routing table, and this command does not read it: give another --index-url"
        )


def decide_by(fetch: Callable[[], LayerFile]) -> None:
    """Route this pip by a table that it has fetched, and those here; whatever goes wrong, it stops."""
    with deciding:
        _state["waiting"] = False
        _decide(sys.modules[f"pip.{_SESSION}"], fetch)


def _decide(module: ModuleType, fetch: Callable[[], LayerFile] | None = None) -> None:
    """Route this pip, refuse, or leave it alone; only the last is looked at again for the next session.

    :param fetch: brings a table that does not lie on this machine.
    :raises BaseException: whatever went wrong the first time, also in the plugin itself: no later session
        may do without it.
    """
    if "refusal" in _state:
        if _state.get("repairing") != commands_of("pip") and not _leaves_out_version_check():
            raise _state["refusal"]
        return
    if _state.get("waiting"):
        return
    if "routed" in _state:
        if _state["routed"].setdefault(module.__name__, module) is not module:
            raise RuntimeError("pip was loaded a second time in this process, and only the first is routed")
        return
    # Nothing that is imported or read now goes away: looking for garbage in it would be for nothing.
    collecting = gc.isenabled()
    gc.disable()
    commands = commands_of("pip")  # before the hooks load those that they are in
    try:
        if _activate(fetch):
            _state["routed"] = {module.__name__: module}
    except BaseException as failure:
        _state["refusal"] = failure
        at_events(CONNECTIONS, _refuse)
        if not isinstance(failure, (Exception, Stop)) or not _goes_on_refused(commands):
            raise
    finally:
        if collecting:
            gc.enable()


def _goes_on_refused(commands: set[str]) -> bool:
    """Whether this session may be made, since nothing is asked with it."""
    if commands == {UNINSTALL}:
        _state["repairing"] = commands_of("pip")
        return True
    return _leaves_out_version_check()


def _leaves_out_version_check() -> bool:
    """Whether this session is for pip's look at its own version, which nobody has asked for: it is left out.

    Before pip 24.1 that also comes after ``pip list``, and nothing there catches an exception.
    """
    frame: Any = sys._getframe()
    while frame is not None:
        if frame.f_code.co_name == _VERSION_CHECK[0] and _VERSION_CHECK[1] in frame.f_globals:
            frame.f_globals[_VERSION_CHECK[1]] = lambda *_: None
            return True
        frame = frame.f_back
    return False


def _activate(fetch: Callable[[], LayerFile] | None) -> bool:
    try:
        from rim_router.hooks.activation import activate
    except Exception as failure:
        stop_broken(failure)
        return True
    return activate(fetch)


def _refuse() -> None:
    raise _state["refusal"]


def commands_of(package: str) -> set[str]:
    """The commands of a pip that are loaded; with the one that uninstalls alone, a set-up can be repaired."""
    modules = [name.rpartition(".") for name in sys.modules if name.startswith(f"{package}.")]
    # Other packages have a module of that name, too.
    return {command for parent, _, command in modules if parent.rpartition(".")[2].startswith("command")}


def main_parser_loaded(module: ModuleType) -> None:
    """``pip --python`` starts another interpreter before there is any session.

    The child decides for itself, also whether routing is turned off.
    """
    if hasattr(module, "get_runnable_pip"):
        original = module.get_runnable_pip

        @functools.wraps(original)
        def get_runnable_pip() -> str:
            try:
                from rim_router.hooks.children import other_interpreter
            except Exception as failure:
                stop_broken(failure)
                return str(original())
            return other_interpreter(original())

        setattr(module, original.__name__, get_runnable_pip)
    elif hasattr(getattr(module, "cmdoptions", None), "python"):
        # This pip has the option, and does not do it in the way that is known.
        at_events(SUBPROCESSES, _stop_before_decision)


def _find_package() -> None:
    """Import ``rim_router`` from where it was at start-up, or see to it that none from elsewhere is taken."""
    path, sys.path = sys.path, search_path
    try:
        import rim_router  # noqa: F401 - what is below it is imported when it is needed
    except Exception as failure:  # it is told where it matters
        _state["broken"] = failure
        sys.modules["rim_router"] = None  # type: ignore[assignment]
    finally:
        sys.path = path


_find_package()
