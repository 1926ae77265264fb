"""Notices index URLs with ``rim+`` in front, which pip can use only with this plugin, wherever pip takes one.

Kept light, as the gate is: what they mean is looked up where there is one.
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from _rim_router import gate

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_GUARD = "rim+"
#: Whether the command that runs may keep anything for another time.
keeps_cache = False
#: The options of the command that runs; None before it is known.
given: Any = None

_INDEXES, _REQUIREMENTS = "_get_index_urls", "get_requirements"


def commands_loaded(module: ModuleType) -> None:
    """What all commands that look names up have in common: they know which indexes the user has given."""
    for kind in vars(module).values():
        known = vars(kind) if isinstance(kind, type) else {}
        if isinstance(known.get(_INDEXES), classmethod):
            _watch_options(kind, known[_INDEXES].__func__)
        if callable(known.get(_REQUIREMENTS)):
            _read_again(kind, known[_REQUIREMENTS])


def _watch_options(kind: Any, original: Callable[..., Any]) -> None:
    """Have the indexes seen to before there is a session that knows of them."""
    if hasattr(original, "__wrapped__"):
        return  # two modules have the class

    @functools.wraps(original)
    def get(cls: Any, options: Any) -> Any:
        global keeps_cache, given
        given = options
        keeps_cache = bool(getattr(options, "cache_dir", None))
        urls = original(cls, options)
        indexes = [getattr(options, "index_url", None), *(getattr(options, "extra_index_urls", None) or ())]
        links = getattr(options, "find_links", None) or ()
        return _guard("begin", indexes, options, urls) if _is_any_guarded([*indexes, *links]) else urls

    setattr(kind, _INDEXES, classmethod(get))


def session_loaded(module: ModuleType) -> None:
    """A session is told of indexes: by now each is as pip is to ask it, or nobody has seen to that."""
    kind: Any = getattr(module, "PipSession", None)
    if kind is None:
        return
    make = kind.__init__

    @functools.wraps(make)
    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        if _is_any_guarded(kwargs.get("index_urls") or ()) and os.environ.get(gate.DISABLE) != "1":
            raise gate.Stop(f"an index URL has rim+ in front, and {gate.UNKNOWN_LAYOUT}")
        make(self, *args, **kwargs)

    kind.__init__ = initialise
    original = getattr(kind, "update_index_urls", None)
    if original is None:
        return  # what a requirements file names is looked at when it has been read

    @functools.wraps(original)
    def update(self: Any, urls: Any) -> None:
        original(self, _guard("add", urls, self, urls) if _is_any_guarded(urls) else urls)

    kind.update_index_urls = update


def _is_any_guarded(urls: Any) -> bool:
    return any(isinstance(url, str) and url.lstrip()[: len(_GUARD)].lower() == _GUARD for url in urls)


def _guard(step: str, indexes: Any, *args: Any) -> Any:
    """The URLs of indexes as pip is to ask them; as they are where routing is turned off: then it cannot.

    :param indexes: all that have been given; the last of *args* are those to be returned.
    """
    if os.environ.get(gate.DISABLE) == "1":  # which a session refuses where it may not be
        if any(_is_any_guarded([url]) and ".toml" in url.lower() for url in indexes):
            raise gate.Stop(
                f"{gate.DISABLE}=1 is refused: the index URL is a routing table, which may have "
                'disable = "deny"; give pip another one with --index-url'
            )
        gate.warn("the index URLs with rim+ in front, which pip cannot use without it")
        return args[-1]
    try:
        from rim_router.hooks import guard
    except Exception as failure:
        gate.stop_broken(failure)
        return args[-1]
    with gate.deciding:
        return getattr(guard, step)(*args)


class Again(gate.Stop):
    """The requirements are to be read once more: a table that is named among them has come into force.

    It ends a pip that reads them in a way that is not known.
    """

    def __init__(self) -> None:
        super().__init__(f"a requirements file names a routing table, and {gate.UNKNOWN_LAYOUT}")


def _read_again(kind: Any, original: Callable[..., Any]) -> None:
    @functools.wraps(original)
    def get_requirements(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            found = original(self, *args, **kwargs)
        except Again:
            return self.get_requirements(*args, **kwargs)
        for each in (*args, *kwargs.values()):
            scope = getattr(each, "search_scope", None)  # of the finder
            if scope is not None and _is_any_guarded([*scope.index_urls, *scope.find_links]):
                _guard("check", scope.index_urls, scope)
        return found

    setattr(kind, _REQUIREMENTS, get_requirements)
