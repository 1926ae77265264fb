"""The index URL that pip's own configuration gives, as pip reads it."""

from __future__ import annotations

from importlib.util import find_spec

from rim_router.errors import GuardedIndexError
from rim_router.rules.guards import Guarded, is_guarded

# What pip takes last counts, and `pip install` is what commands speak of.
_SECTIONS = (":env:", "install", "global")


def central_table() -> Guarded | None:
    """The routing table that is the index URL of pip here; None if that is none.

    :raises GuardedIndexError: if it cannot be used.
    """
    if find_spec("pip") is None:
        return None
    from pip._internal.configuration import Configuration

    configuration = Configuration(isolated=False)
    configuration.load()
    known: dict[str, str] = {}
    for key, value in configuration.items():
        # Newer pips have a group for each file, in the order in which they count.
        known.update(value if isinstance(value, dict) else {key: value})
    url = next((known[key] for key in (f"{each}.index-url" for each in _SECTIONS) if known.get(key)), "")
    if not is_guarded(url):
        return None
    try:
        guarded = Guarded.parse(url)
    except ValueError as error:
        raise GuardedIndexError(str(error)) from None
    return guarded if guarded.is_table else None
