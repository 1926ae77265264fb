"""Start-up of a pip, or of what makes environments: wait for its modules, and hand them to what sees to them.

Imports nothing but ``sys`` and does no I/O until one of them comes.
"""

import sys

from _rim_router import COPIED

TYPE_CHECKING = False  # importing typing for this would cost more than all the rest
if TYPE_CHECKING:
    from typing import Any

# What is waited for, and the function of the gate, or of makers, that gets the module afterwards.
_AWAITED = {
    "pip": "pip_found",
    "pip._internal": "internal_found",
    "pip._internal.cli.main_parser": "main_parser_loaded",
    "pip._internal.cli.req_command": "commands_loaded",
    "pip._internal.cli.index_command": "commands_loaded",
    "pip._vendor.requests.sessions": "requests_loaded",
    "pip._internal.network.session": "session_loaded",
    "venv": "venv_loaded",
    "virtualenv.create.creator": "creator_loaded",
}


class _Loader:
    """The module's own loader, with the hand-over to the gate after it."""

    def __init__(self, inner: "Any", handler: str) -> None:
        self.inner = inner
        self.handler = handler

    def __getattr__(self, name: str) -> "object":
        return getattr(self.inner, name)

    def create_module(self, spec: "object") -> "object":
        create = getattr(self.inner, "create_module", None)
        return None if create is None else create(spec)

    def exec_module(self, module: "Any") -> None:
        module.__spec__.loader = module.__loader__ = self.inner
        if hasattr(self.inner, "exec_module"):
            self.inner.exec_module(module)
        else:  # zipimport before Python 3.10
            exec(self.inner.get_code(module.__name__), module.__dict__)  # noqa: S102 - as zipimport does
        _hand_over(self.handler, module)


class _Waiter:
    """A finder that finds nothing by itself: it wraps what the other finders find."""

    def find_spec(self, name: str, path: "object" = None, target: "object" = None) -> "Any":
        handler = _AWAITED.get(name)
        if handler is None:
            if name == "virtualenv":
                return self._virtualenv(path, target)
            if not name.endswith(COPIED):
                return None
            handler = "copy_loaded"
        spec = self._found(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, handler)
        return spec

    def _found(self, name: str, path: "object", target: "object") -> "Any":
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec = None if find is None else find(name, path, target)
            if spec is not None:
                return spec
        return None

    def _virtualenv(self, path: "object", target: "object") -> "Any":
        """One that is a single file, as before version 20, has no creators that could be seen to."""
        spec = self._found("virtualenv", path, target)
        if spec is not None and spec.submodule_search_locations is None:
            from _rim_router import makers

            makers.old_virtualenv_found()
        return spec


waiter = _Waiter()


def _hand_over(handler: str, module: "object") -> None:
    place: Any
    if handler in ("venv_loaded", "creator_loaded"):
        from _rim_router import makers

        place = makers
    elif handler == "commands_loaded":
        from _rim_router import indexes

        place = indexes
    elif handler == "copy_loaded":
        from _rim_router import copies

        place = copies
    else:
        from _rim_router import gate

        place = gate
    getattr(place, handler)(module)


def activate() -> None:
    """Register the import hook; any further call does nothing."""
    if waiter in sys.meta_path:
        return
    first: Any = sys.modules.get("_rim_router")
    if first in sys.meta_path:
        # In its place: the import system may just be going through this list.
        sys.meta_path[sys.meta_path.index(first)] = waiter
    else:
        sys.meta_path.insert(0, waiter)
    for name, handler in _AWAITED.items():
        if name in sys.modules:
            _hand_over(handler, sys.modules[name])
    for name in [name for name in sys.modules if name.endswith(COPIED) and name not in _AWAITED]:
        _hand_over("copy_loaded", sys.modules[name])
