"""What pip's own configuration gives, as the parser of ``pip install`` has it."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from rim_router.errors import GuardedIndexError
from rim_router.rules.guards import Guarded, is_guarded

if TYPE_CHECKING:
    from collections.abc import Sequence


def options(command: str = "install") -> Any:
    """The options of a command of pip's without any word of the user's; None without pip.

    :raises GuardedIndexError: if pip cannot read its configuration.
    """
    if find_spec("pip") is None:
        return None
    try:
        from pip._internal.commands import create_command

        return create_command(command).parser.get_default_values()
    except (
        SystemExit,
        ImportError,
        AttributeError,
    ) as error:  # the first is what pip's parser makes of a fault
        raise GuardedIndexError(f"pip cannot say how it is configured ({error})") from None


def indexes(values: Any) -> Sequence[str]:
    """The URLs of indexes among options; of those that are empty pip takes no notice."""
    return [url for url in (values.index_url, *(values.extra_index_urls or ())) if url]


def central_table() -> Guarded | None:
    """The routing table that is the index URL of pip here; None if that is none.

    :raises GuardedIndexError: if it cannot be used.
    """
    values = options()
    url = "" if values is None else values.index_url or ""
    if not is_guarded(url):
        return None
    try:
        guarded = Guarded.parse(url)
    except ValueError as error:
        raise GuardedIndexError(str(error)) from None
    return guarded if guarded.is_table else None
