"""The shape of what ``rim-router guard --json`` prints."""

from typing import TypedDict


class GuardedIndex(TypedDict):
    """An index that pip, or uv, is configured with.

    :param setting: what gives it: a variable, or a level or file with the key and its section.
    :param url: redacted, without "rim+".
    :param guarded: whether "rim+" is in front of it.
    :param secret: whether credentials stand in it in clear, which pip without rim-router prints with "rim+".
    """

    setting: str
    url: str
    guarded: bool
    secret: bool


class FindLinks(TypedDict):
    """A place of find-links, which cannot be guarded.

    :param setting: what gives it, as for an index.
    :param place: a path, or a redacted URL.
    """

    setting: str
    place: str


class GuardReport(TypedDict):
    """What ``rim-router guard … --json`` prints.

    :param version: of this shape: 1.
    :param guard: "on", "off", or "part" where some indexes are guarded, and other indexes, find-links on
        a server or what cannot be read are not.
    :param here: what pip in this environment would do: "routed", "refuses" or "open"; with --uv, what uv
        would do.
    :param why: why it would.
    :param indexes: every index that is configured.
    :param find_links: every place of find-links.
    :param unread: files that pip always reads, that cannot be read here, and that may name an index.
    :param changed: the settings that were changed.
    """

    version: int
    guard: str
    here: str
    why: str
    indexes: list[GuardedIndex]
    find_links: list[FindLinks]
    unread: list[str]
    changed: list[str]
