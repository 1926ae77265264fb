"""Early requests: what is handed over, what is forgotten, and that nothing waits without end."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Callable

import pytest
from pip._internal.models.link import Link
from pip._internal.network.session import PipSession

from rim_router.hooks import early, entries
from rim_router.hooks.early import Early
from rim_router.hooks.preview import Previews
from tests.support.servers import Exchange, IndexServer

if TYPE_CHECKING:
    from collections.abc import Iterator

# pip's own, of what it vendors.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

BODY = b"x" * 200_000
PATIENCE = 20.0  # seconds


@pytest.fixture
def server() -> Iterator[IndexServer]:
    """It answers every path with a body."""
    with IndexServer("index") as server:
        server.on("*", replying(BODY))
        yield server


@pytest.fixture
def session(server: IndexServer) -> PipSession:
    """pip's, as it is for that index."""
    return PipSession(index_urls=[server.url])


def replying(body: bytes, status: int = 200) -> Callable[[Exchange], bool]:
    """Answer with a body."""

    def act(exchange: Exchange) -> bool:
        exchange.reply(status, body, "application/octet-stream")
        return True

    return act


def cut_off(exchange: Exchange) -> bool:
    """Say that there is more than is sent."""
    exchange.send_response(200)
    exchange.send_header("Content-Length", str(len(BODY) * 2))
    exchange.end_headers()
    exchange.wfile.write(BODY)
    exchange.close_connection = True
    return True


def ask(early_ones: Early, session: PipSession, url: str, *, stream: bool = True) -> None:
    """Send early what a download sends."""
    early_ones.ask(session, url, lambda view: view.get(url, stream=stream), stream=stream)


def take(early_ones: Early, session: PipSession, url: str, *, stream: bool = True) -> Any:
    """Ask as pip does."""
    usual = session.get_adapter
    try:
        session.get_adapter = lambda url: early_ones.adapter(usual(url))  # type: ignore[method-assign]
        return session.get(url, stream=stream)
    finally:
        session.get_adapter = usual  # type: ignore[method-assign]


def until(holds: Callable[[], bool]) -> None:
    """Wait for what a thread does."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("length", [0, 1, early._SMALL, len(BODY)])
def test_what_came_early_is_what_pip_would_get(
    server: IndexServer, session: PipSession, stream: bool, length: int
) -> None:
    """Byte for byte, and the server is asked once for each."""
    server.on("*", replying(BODY[:length]))
    early_ones, urls = Early(), [f"{server.base}/{number}" for number in range(30)]
    for url in urls:
        ask(early_ones, session, url, stream=stream)
    for url in urls:
        response = take(early_ones, session, url, stream=stream)
        assert b"".join(response.iter_content(4096)) == BODY[:length]
    assert sorted(request.path for request in server.requests) == sorted(f"/{each}" for each in range(30))
    until(lambda: early_ones._held == 0)


def test_what_breaks_off_is_asked_for_again(server: IndexServer, session: PipSession) -> None:
    """And its bytes are held no longer, so that other servers go on being asked."""
    early_ones = Early()
    server.on("/broken", cut_off)
    ask(early_ones, session, f"{server.base}/broken")
    until(lambda: bool(early_ones._bad))
    assert early_ones._held == 0
    server.on("/broken", replying(b"whole"))
    assert take(early_ones, session, f"{server.base}/broken").content == b"whole"
    with IndexServer("other") as other:
        other.on("*", replying(b"other"))
        ask(early_ones, session, f"{other.base}/file")
        assert take(early_ones, session, f"{other.base}/file").content == b"other"
        assert len(other.requests) == 1


def test_after_a_request_that_was_forgotten_a_server_is_asked_again(
    server: IndexServer, session: PipSession
) -> None:
    """The first one to a server is under way when pip has resolved; then come the downloads."""
    early_ones, may_go = Early(), threading.Event()

    def slow(exchange: Exchange) -> bool:
        may_go.wait(PATIENCE)
        return replying(BODY)(exchange)

    server.on("/slow", slow)
    ask(early_ones, session, f"{server.base}/slow")
    until(lambda: bool(server.requests))
    early_ones.forget()
    ask(early_ones, session, f"{server.base}/later")
    may_go.set()
    until(lambda: len(server.requests) == 2)
    assert take(early_ones, session, f"{server.base}/later").content == BODY
    assert len(server.requests) == 2


def test_what_is_too_large_is_left_to_pip(server: IndexServer, session: PipSession) -> None:
    """By what the server says, before anything is read; the server is not to blame."""
    early_ones = Early()
    server.on("/large", replying(b"x" * (early.LARGE + 1)))
    ask(early_ones, session, f"{server.base}/large")
    until(lambda: bool(early_ones._good))
    assert take(early_ones, session, f"{server.base}/large").content == b"x" * (early.LARGE + 1)
    assert not early_ones._bad


def test_many_wait_for_a_first_answer(server: IndexServer, session: PipSession) -> None:
    """Every thread that waits is woken when a server has answered."""
    early_ones, met = Early(), threading.Barrier(5)

    def together(exchange: Exchange) -> bool:
        if exchange.path != "/0":
            met.wait(PATIENCE)
        return replying(b"")(exchange)

    server.on("*", together)
    for number in range(6):
        ask(early_ones, session, f"{server.base}/{number}")
    for number in range(6):
        assert take(early_ones, session, f"{server.base}/{number}").status_code == 200
    assert not met.broken


class TestPreview:
    URLS = (
        "https://h.example/a/b.whl", "https://h.example/a/../b.whl", "https://H.example/a/c.whl",
        "https://h.example/simple/x/", "https://h.example/a b.whl", "https://h.example/a?b=c",
        "https://h.example:443/a", "https://i.example/a", "https://u:p@h.example/a", "https://h.example/./a",
    )  # fmt: skip

    def test_one_like_the_one_before_is_what_pip_sends(self) -> None:
        """To the same URL, with the same headers, in whichever form the URL is written."""
        session = PipSession(index_urls=["https://h.example/simple/"])
        previews = Previews()
        for url in (*self.URLS, *self.URLS):

            def send(view: Any, url: str = url) -> None:
                view.get(url, stream=True)

            found, fresh = previews.of(session, url, True, send), Previews().of(session, url, True, send)
            assert found is not None
            assert fresh is not None
            assert found[0].url == fresh[0].url
            assert found[0].headers == fresh[0].headers
            assert found[1] == fresh[1]

    def test_credentials_are_for_what_they_were_given_for(self) -> None:
        """What pip sends with credentials says nothing of the next URL, nor the other way round."""
        session = PipSession(index_urls=["https://u:p@h.example/private/"])
        session.auth.passwords.clear()
        previews = Previews()

        def authorised(url: str) -> bool:
            found = previews.of(session, url, True, lambda view: view.get(url, stream=True))
            assert found is not None
            return "Authorization" in found[0].headers

        urls = ("https://h.example/private/a", "https://i.example/a", "https://h.example/private/b")
        assert [authorised(url) for url in urls] == [True, False, True]


class TestEntries:
    """Whether pip makes the same of a file as is made here is found out, and not taken for granted."""

    @pytest.fixture(autouse=True)
    def fresh(self) -> Iterator[None]:
        """It is found out once in a process."""
        entries._is_as_known.cache_clear()
        yield
        entries._is_as_known.cache_clear()

    @pytest.mark.parametrize("slot", ["_path", "egg_fragment", "comes_from", "requires_python", "_hashes"])
    def test_a_pip_with_another_meaning_of_a_part(self, monkeypatch: pytest.MonkeyPatch, slot: str) -> None:
        """It makes its links itself."""
        if slot not in entries._SLOTS:
            pytest.skip("this pip does not have it")
        original = Link.__init__

        def initialise(link: Any, *args: Any, **kwargs: Any) -> None:
            original(link, *args, **kwargs)
            setattr(link, slot, "another")

        monkeypatch.setattr(Link, "__init__", initialise)
        assert not entries._is_as_known()

    def test_a_pip_that_looks_at_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """At what is not kept."""
        original = Link.from_json.__func__  # type: ignore[attr-defined]

        def from_json(cls: Any, file_data: Any, page_url: str) -> Any:
            file_data.get("provenance")
            return original(cls, file_data, page_url)

        monkeypatch.setattr(Link, "from_json", classmethod(from_json))
        assert not entries._is_as_known()

    def test_a_pip_without_a_part(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It goes without the feature, and no index is blamed."""
        monkeypatch.setattr(entries._Entry, "__slots__", ())

        def from_json(file_data: Any, page_url: str) -> Any:
            raise AttributeError("yanked_reason")

        monkeypatch.setattr(Link, "from_json", from_json)
        assert not entries._is_as_known()
