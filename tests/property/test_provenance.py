"""What is recorded of a distribution is read again as it was, and nothing else is believed."""

from __future__ import annotations

import json
from datetime import timezone
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rim_router.rules.provenance import OWN, STANDARD, WAYS, Provenance, listing, read, recordable

texts = st.text(max_size=12)
digests = st.dictionaries(st.just("sha256"), st.integers(0, 2**256 - 1).map(lambda n: f"{n:064x}"))
rules = st.none() | st.tuples(st.none() | texts, texts, texts, st.none() | st.integers(1, 99))
indexes = st.none() | st.tuples(texts, texts.map(recordable))
times = st.none() | st.datetimes().map(lambda time: time.replace(microsecond=0, tzinfo=timezone.utc))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def provenances(draw: st.DrawFn) -> Provenance:
    index, rule = draw(indexes) or (None, None), draw(rules) or (None, None, None, None)
    url = draw(texts.filter(is_readable))
    return Provenance(
        draw(st.sampled_from(WAYS)),
        url,
        draw(digests),
        *index,
        *rule,
        expected=draw(st.booleans()),
        uploaded=draw(times),
        listed=draw(st.none() | texts),
    )


def is_readable(url: str) -> bool:
    try:
        urlsplit(url)
    except ValueError:
        return False
    return True


@given(provenances(), st.booleans())
def test_read_again(made: Provenance, by_name: bool) -> None:
    """Whichever of the two files has the URL; the one of PEP 710 has just the two keys that it defines."""
    documents = made.documents(by_name=by_name)
    assert (STANDARD in documents) == (by_name and bool(made.hashes))
    if STANDARD in documents:
        expected = {"url": made.url, "archive_info": {"hashes": dict(made.hashes)}}
        assert json.loads(documents[STANDARD]) == expected
        assert "url" not in json.loads(documents[OWN])
    assert read(documents[OWN], documents.get(STANDARD)) == made.replaced(url=recordable(made.url))


def test_a_url_that_nobody_can_read_is_an_error() -> None:
    """It would fail wherever it is used."""
    documents = Provenance("index", "https://[::1/x.whl").documents(by_name=False)
    with pytest.raises(ValueError, match="IPv6"):
        read(documents[OWN], None)


@given(json_values, st.none() | json_values)
def test_anything_else_is_an_error(own: object, standard: object) -> None:
    """Whoever has edited it cannot make the reader fail in another way."""
    second = None if standard is None else json.dumps(standard).encode()
    with pytest.raises(ValueError, match=OWN):
        read(json.dumps(own).encode(), second)


@pytest.mark.parametrize("content", [b"", b"\xff", b"{", b"[" * 100_000, b"[]"])
def test_what_is_no_object_is_an_error(content: bytes) -> None:
    """In either file."""
    good = Provenance("index", "https://acme.example/x.whl", {"sha256": "0" * 64}).documents(by_name=True)
    for pair in ((content, None), (good[OWN], content)):
        with pytest.raises(ValueError, match=r"is not (a )?JSON"):
            read(*pair)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://acme.example/a.whl", "https://acme.example/a.whl"),
        ("https://u:p@acme.example/a.whl?X-Sig=1#sha256=0", "https://acme.example/a.whl"),
        ("https://token@acme.example:8443/a.whl", "https://acme.example:8443/a.whl"),
        ("git+ssh://git@acme.example/a.git@v1", "git+ssh://acme.example/a.git@v1"),
        ("file:///srv/wheels/a.whl", "file:///srv/wheels/a.whl"),
    ],
)
def test_no_secrets(url: str, shown: str) -> None:
    """PEP 710: without what authenticates."""
    assert recordable(url) == shown


def test_no_secrets_of_an_index() -> None:
    """Whoever wrote the record: what is read from it is shown."""
    url = "https://ci:hunter2@acme.example/simple?token=hunter2"
    made = Provenance("index", "https://acme.example/x.whl", {}, "acme", url)
    assert read(made.documents(by_name=False)[OWN], None).index_url == "https://acme.example/simple"


lines = st.lists(st.tuples(texts, texts), max_size=5)


@given(lines, st.data())
def test_listing(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    """The order of the lines says nothing, nor do those without a digest and the records themselves."""
    more = [("x.pyc", ""), (f"a.dist-info/{OWN}", "sha256=x"), (f"a.dist-info/{STANDARD}", "")]
    said = listing("a.dist-info", rows)
    assert listing("a.dist-info", data.draw(st.permutations([*rows, *more]))) == said
    assert listing("a.dist-info", [*rows, ("new", "sha256=x")]) != said
