"""Requests that are sent before pip sends them, in the background; pip gets the answers when it asks.

Only the bytes come early, and nothing but moving them is done in the background. pip's session prepares each
request that pip sends, its URL is judged, and hosts, redirects, statuses, cookies and messages are dealt with
where and when they always are. An answer is handed over in the place of the adapter that would have fetched
it, and only to the very same request. Whatever else happens to a request in the background is forgotten: then
pip asks by itself, and what is said is pip's own.
"""

from __future__ import annotations

import io
import mmap
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from pip._vendor.urllib3.util.retry import Retry

from rim_router.hooks.diagnostics import quiet
from rim_router.hooks.early_answer import Answer
from rim_router.hooks.lookalike import lookalike
from rim_router.hooks.preview import Previews
from rim_router.hooks.transfer import content_length

if TYPE_CHECKING:
    from collections.abc import Callable

    from rim_router.rules.urls import Origin

THREADS = 12
# Bytes of answers that nobody has asked for yet: from the first number on no further page is asked for, from
# the second no file, and nothing is read on beyond the third. Larger files than the fourth are left to pip.
_ENOUGH_PAGES, _ENOUGH, _TOO_MUCH, LARGE = 1 << 20, 8 << 20, 40 << 20, 2 << 20
# So often pip may ask for something in another way than was expected.
_MISSES = 3
# What an answer has to be to be kept. Redirects are judged one by one, and 401 may lead to a prompt.
_KEPT = (200, 404)
_CHUNK = 16384
_SMALL = 65536


class Early:
    """The requests of one process that were sent early."""

    def __init__(self) -> None:
        lock = threading.Lock()
        # One answer has come, for pip; and there is something to send, for the threads.
        self._changed, self._work_to_do = threading.Condition(lock), threading.Condition(lock)
        self._waiting: deque[Answer] = deque()
        self._finished: deque[Answer] = deque()
        self._answers: dict[str, Answer] = {}
        # Servers that have answered, that have been asked for the first time, and that have not answered well
        # once and are left to pip; for what is read as it comes, and for the rest: many redirect files only.
        self._good: set[tuple[Origin, bool]] = set()
        self._tried: set[tuple[Origin, bool]] = set()
        self._bad: set[tuple[Origin, bool]] = set()
        self._previews = Previews()
        self._held = 0
        self._threads = 0
        self._idle = 0
        self._adapters: dict[int, tuple[Any, Any]] = {}
        self._misses = 0

    def ask(
        self,
        session: Any,
        url: str,
        send: Callable[[Any], object],
        *,
        stream: bool,
        then: Callable[[Any], None] | None = None,
    ) -> None:
        """Send the one request early that pip would send; nothing, if it would send none.

        :param session: pip's, or one like it.
        :param url: of the page or file.
        :param send: does with a session what pip is going to do.
        :param stream: whether it is a file.
        :param then: is called with the answer, if that is of status 200.
        """
        if self._misses > _MISSES:
            return
        found = self._previews.of(session, url, stream, send)
        if found is None or found[0].url in self._answers:
            return
        request, options = found
        answer = Answer(self._adapter(session.get_adapter(request.url)), request, options, stream, then)
        with self._changed:
            if answer.server in self._bad:
                return
            self._answers[request.url] = answer
            self._waiting.append(answer)
            self._work_to_do.notify()
            if self._idle < len(self._waiting) and self._threads < THREADS:
                self._threads += 1
                threading.Thread(target=self._work, name="rim-router-early", daemon=True).start()

    def adapter(self, usual: Any) -> Any:
        """One of pip's adapters, which gives what has come early in place of asking."""
        return _Handing(usual, self)

    def take(self, request: Any, options: dict[str, Any]) -> Any:
        """The answer to a request of pip's; None if pip has to ask by itself."""
        answer = self._claim(request, options)
        while True:
            while self._finished:  # what comes next is asked for before pip goes on
                self._follow(self._finished.popleft())
            if answer is None:
                return None
            with self._changed:
                if not answer.done and not self._finished:
                    self._changed.wait()
            if answer.done:
                break
        self._follow(answer)
        self._release(answer)
        response, answer.response = answer.response, None
        if response is not None:
            response.request = request
        return response

    def forget(self) -> None:
        """Drop whatever has not been asked for."""
        with self._changed:
            for answer in self._answers.values():
                answer.wanted, answer.response, answer.body = False, None, None
            self._waiting.clear()
            self._finished.clear()
            self._answers.clear()
            self._held = 0

    def close(self) -> None:
        """Drop everything, connections included: pip goes on to install, which can take long."""
        self.forget()
        adapters, self._adapters = self._adapters, {}
        for _, twin in adapters.values():
            twin.close()

    def _claim(self, request: Any, options: dict[str, Any]) -> Answer | None:
        """The answer to a request, if that has been sent already; nobody else gets it."""
        with self._changed:
            answer = self._answers.get(request.url)
            if answer is None:
                return None
            if not answer.is_for(request, options):
                self._misses += 1
                return None
            del self._answers[request.url]
            if answer in self._waiting:  # pip is faster
                self._waiting.remove(answer)
                return None
            return answer

    def _follow(self, answer: Answer) -> None:
        answer.follow()
        if answer.response is not None and not answer.stream:
            with self._changed:
                if answer.wanted and answer.size:  # decoded it may be larger
                    self._held += len(answer.response.content) - answer.size
                    answer.size = len(answer.response.content)

    def _adapter(self, usual: Any) -> Any:
        """An adapter like pip's, with connections of its own, that tries once and says nothing."""
        known = self._adapters.get(id(usual))
        if known is None:
            twin = lookalike(usual)
            twin.max_retries = Retry(0, read=False)
            twin.proxy_manager = {}
            twin.init_poolmanager(usual._pool_connections, THREADS, block=usual._pool_block)
            known = self._adapters[id(usual)] = (usual, twin)
        return known[1]

    # In the background

    def _work(self) -> None:
        quiet.on = True
        while True:
            with self._changed:
                self._idle += 1
                while (answer := self._next()) is None:
                    self._work_to_do.wait()
                self._idle -= 1
            try:
                self._fetch(answer)
            except Exception:  # of whatever kind: pip asks by itself, and then says what is wrong
                answer.response = None
            finally:
                self._settle(answer)

    def _next(self) -> Answer | None:
        """The next request that may be sent: of each server one, until it has answered that well."""
        for position, answer in enumerate(self._waiting):
            if self._held >= (_ENOUGH if answer.stream else _ENOUGH_PAGES):
                continue
            if answer.server in self._good or answer.server not in self._tried:
                self._tried.add(answer.server)
                del self._waiting[position]
                return answer
        return None

    def _settle(self, answer: Answer) -> None:
        """Take note of how a server has answered."""
        with self._changed:
            answer.done = True
            if answer.response is None:
                self._held -= answer.size if answer.wanted else 0
                answer.size, answer.body = 0, None
                self._work_to_do.notify(len(self._waiting))
            if not answer.wanted:
                answer.response, answer.body = None, None
                if answer.server not in self._good:  # nothing was learnt of it
                    self._tried.discard(answer.server)
                return
            if answer.response is not None or answer.left:
                if answer.server not in self._good:
                    self._good.add(answer.server)
                    self._work_to_do.notify(len(self._waiting))
            else:
                self._bad.add(answer.server)
                for each in [each for each in self._waiting if each.server == answer.server]:
                    self._waiting.remove(each)
                    self._answers.pop(each.request.url, None)
            if answer.then is not None:
                self._finished.append(answer)
            self._changed.notify_all()

    def _fetch(self, answer: Answer) -> None:
        quiet.said = False
        response = answer.adapter.send(answer.request.copy(), **{**answer.options, "stream": True})
        try:
            # With a cookie pip's next requests are others.
            if response.status_code not in _KEPT or "Set-Cookie" in response.headers:
                return
            answer.left = (content_length(response) or 0) > (LARGE if answer.stream else _TOO_MUCH)
            if answer.left:
                return
            body = self._body(answer, response)
        finally:
            response.close()
        if body is not None and not quiet.said:  # what is said of it, pip is to say when it asks
            answer.body, answer.response = body, response

    def _body(self, answer: Answer, response: Any) -> Any:
        """The body as it was sent; None if it is not complete, or too much."""
        expected = content_length(response)
        # What a thread allocates stays its own: twelve threads would keep a page each, to no purpose.
        found = mmap.mmap(-1, expected) if expected and expected > _SMALL else io.BytesIO()
        for chunk in response.raw.stream(_CHUNK, decode_content=False):
            found.write(chunk)
            with self._changed:
                if not answer.wanted:
                    return None
                answer.size += len(chunk)
                self._held += len(chunk)
            if self._held > _TOO_MUCH:
                break
        answer.left = self._held > _TOO_MUCH
        if answer.left or (expected is not None and found.tell() != expected):
            return None
        found.seek(0)
        return found

    def _release(self, answer: Answer) -> None:
        with self._changed:
            was_enough = self._held >= _ENOUGH_PAGES
            if answer.wanted:  # else nothing of it is counted any more
                self._held -= answer.size
            answer.size = 0
            if was_enough:
                self._work_to_do.notify(len(self._waiting))


class _Handing:
    """What requests takes for an adapter."""

    def __init__(self, usual: Any, early: Early) -> None:
        self._usual = usual
        self._early = early

    def send(self, request: Any, **options: Any) -> Any:
        """The answer to a request."""
        response = self._early.take(request, options)
        if response is None:
            return self._usual.send(request, **options)
        response.connection = self._usual
        return response
