"""A link that is made of a page's entry in parts is the one that pip makes at once."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pip._internal.models.link import Link

from rim_router.hooks import entries
from rim_router.hooks.entries import links_of, size_of

PAGE = "https://index.example/simple/acme-core/"
URLS = (
    "https://index.example/files/acme_core-1.0-py3-none-any.whl", "http://h.example:8080/a/acme-core-1.0.tar.gz",
    "https://h.example/acme-core-1.0+cpu.zip", "../../acme-core-1.0.tar.gz", "https://h.example/a%20b/x.zip",
    "https://u:p@h.example/a/x.whl", "https://h.example/x.whl#sha256=" + "0" * 64, "https://h.example/x?y=z",
    "https://h.example", "https://h.example//x.whl", "https://h.example/x.tar.gz#egg=acme", "", 7, None,
)  # fmt: skip
DIGESTS = ({}, {"sha256": "0" * 64}, {"md5": "0" * 32, "sha256": "1" * 64}, {"blake2b": "ü"}, None)
METADATA = (True, False, None, {"sha256": "1" * 64}, {"md5": "0"}, {"unknown": "x"}, {}, "yes")
KEYS: dict[str, st.SearchStrategy[Any]] = {
    "hashes": st.sampled_from(DIGESTS),
    "requires-python": st.sampled_from([None, "", ">=3.8", "nonsense", 3]),
    "yanked": st.sampled_from([False, True, "", "broken"]),
    "core-metadata": st.sampled_from(METADATA),
    "dist-info-metadata": st.sampled_from(METADATA),
    "data-dist-info-metadata": st.sampled_from(METADATA),
    "upload-time": st.sampled_from(
        [None, "", "2020-02-03T04:05:06Z", "2020-02-03T04:05:06.7Z", "2021-01-01"]
    ),
    "size": st.sampled_from([None, 0, 5, -1, 2**70, 1.5, "5", True]),
}
# In some order, as what is asked for first makes the rest.
LOOKED_AT = (
    "url", "filename", "ext", "path", "netloc", "scheme", "hash", "hash_name", "has_hash", "is_wheel",
    "is_yanked", "yanked_reason", "requires_python", "comes_from", "egg_fragment", "is_file", "is_vcs",
    "_hashes", "metadata_file_data", "dist_info_metadata", "upload_time", "cache_link_parsing",
    "subdirectory_fragment", "url_without_fragment",
)  # fmt: skip

files = st.fixed_dictionaries({"url": st.sampled_from(URLS)}, optional=KEYS)


def made(make: Any, entry: dict[str, Any]) -> Any:
    """What is made of an entry, or what is raised."""
    try:
        return make(copy.deepcopy(entry))
    except Exception as error:  # of whatever kind: it has to be the same
        return type(error)


@given(files, st.permutations(LOOKED_AT))
@settings(max_examples=1000, deadline=None)
def test_in_parts_it_is_what_pip_makes_at_once(entry: dict[str, Any], looked_at: list[str]) -> None:
    """Whatever is looked at, and in whichever order; what pip fails on fails then and there."""
    sizes: dict[str, object] = {}
    found = made(lambda one: links_of([one], PAGE, sizes), entry)
    usual = made(lambda one: Link.from_json(one, PAGE), entry)
    if not isinstance(usual, Link):
        assert found == ([] if usual is None else usual)
        return
    (link,) = found
    for name in looked_at:
        assert hasattr(link, name) == hasattr(usual, name), name
        if hasattr(usual, name):
            assert getattr(link, name) == getattr(usual, name), name
    assert link == usual
    assert hash(link) == hash(usual)
    assert str(link) == str(usual)
    assert link.splitext() == usual.splitext()
    assert link.metadata_link() == usual.metadata_link()
    assert size_of(link, sizes) == entry.get("size")


def test_the_usual_is_made_in_parts() -> None:
    """Or nothing would be won; and it is taken for granted of no pip."""
    assert entries._is_as_known()
    (link,) = links_of([entries._SAMPLE], PAGE, {})
    assert isinstance(link, entries._Entry)
    assert not hasattr(link, "rim_router_unknown")
