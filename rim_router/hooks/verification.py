"""Every digest that is known of a file, required on whatever way pip comes by its bytes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pip._internal.exceptions import HashMismatch
from pip._internal.utils.hashes import Hashes

from rim_router.hooks.tracking import File, digests_of, url_of
from rim_router.rules.digests import strong
from rim_router.rules.filenames import names_in
from rim_router.rules.urls import Origin
from rim_router.rules.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rim_router.hooks.services import Services
    from rim_router.rules.pins import Pin


class StrictHashes(Hashes):
    """pip's hashes, of which one must match, and digests that must all match besides."""

    def __init__(self, usual: Any, file: File) -> None:
        super().__init__(dict(usual._allowed))
        self._usual = usual
        self._file = file
        self._required = dict(file.digests)

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def check_against_path(self, path: str) -> None:
        """Compare with the digests of a file: of one that was hashed as it came, without reading it again.

        :raises HashMismatch: see :meth:`check_against_chunks`.
        """
        found = self._file.found
        usual = not self._allowed or any(found.get(n) in digests for n, digests in self._allowed.items())
        required = all(found.get(n) == digest for n, digest in self._required.items())
        if path != self._file.path or not usual or not required:
            super().check_against_path(path)

    def check_against_chunks(self, chunks: Iterable[bytes]) -> None:
        """Compare with the digests of some bytes.

        :raises HashMismatch: if one that is required differs, or none of pip's own is right.
        """
        found = {name: hashlib.new(name) for name in {*self._required, *self._allowed}}
        for chunk in chunks:
            for each in found.values():
                each.update(chunk)
        for name, digest in self._required.items():
            if found[name].hexdigest() != digest:
                raise HashMismatch({name: [digest]}, {name: found[name]})
        if self._allowed and not any(
            found[name].hexdigest() in digests for name, digests in self._allowed.items()
        ):
            self._usual._raise({name: found[name] for name in self._allowed})

    def has_one_of(self, hashes: Mapping[str, str]) -> bool:
        """Whether the digests of what a cached wheel was built from are the right ones."""
        return all(hashes.get(name) == digest for name, digest in self._required.items())


class Verification:
    """The replacements of pip's functions that say which digests a file must have."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def hashes(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``RequirementPreparer._get_linked_req_hashes``."""

        def hashes(preparer: Any, req: Any) -> Any:
            usual = original(preparer, req)
            file = self.known(req.link)
            return usual if file is None or not file.digests else StrictHashes(usual, file)

        return hashes

    def cached_wheel(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``WheelCache.get_cache_entry``: what was built from an external file proves nothing about it."""

        def cached(cache: Any, link: Any, package_name: Any, supported_tags: Any) -> Any:
            if self._has_to_be_built(link, package_name):
                return None
            entry = original(cache, link, package_name, supported_tags)
            # A pin of the name that the built wheel has is about another file.
            if entry is None or self._pin(entry.link) is not None:
                return None
            self._services.built_from[entry.link.url] = link
            return entry

        return cached

    def _has_to_be_built(self, link: Any, name: str | None) -> bool:
        if self._pin(link) is not None:
            return True
        file = self._services.tracker.find(link)
        if file is not None:
            return file.verdict.external
        if link.scheme not in ("https", "http"):
            return False
        # A direct reference, which is judged later: whether it is external depends on whose it is.
        names = [name] if name else names_in(link.filename)
        decisions = [self._services.table.route(each) for each in names]
        try:
            origin = Origin.of(link.url)
        except ValueError:
            return True
        return not names or any(each.claimed and origin not in each.origins for each in decisions)

    def _pin(self, link: Any) -> Pin | None:
        pins = self._services.table.pins
        if not pins or link is None or link.is_vcs or self._services.recording:
            return None
        return pins.get(link.filename)

    def metadata_file(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """``_fetch_metadata_using_link_data_attr`` (PEP 658): from elsewhere, only with a strong digest."""

        def fetch(preparer: Any, req: Any) -> Any:
            file = self._services.tracker.find(req.link)
            link = None if file is None else req.link.metadata_link()
            if file is None or link is None:
                return original(preparer, req)
            digests = strong(digests_of(link))
            if file.rim is not None or (file.verdict.external and not digests):
                return None
            verdict = Verdict(
                True, file.verdict.url, file.verdict.external, file.verdict.reason, None, digests
            )
            url = url_of(link)
            self._services.tracker.add(File(file.name, link.filename, url, verdict, file.said, file.hosts))
            return original(preparer, req)

        return fetch

    def known(self, link: Any) -> File | None:
        """What is known of a file: of a pinned one also if no look-up has offered it."""
        file = self._services.tracker.find(link)
        if file is not None:
            return file
        pin = self._pin(link)
        if pin is None:
            return None
        verdict = Verdict(True, url_of(link), False, f"pinned by {pin.source}", None, pin.digests)
        url = url_of(link)
        return self._services.tracker.add(
            File(pin.name, link.filename, url, verdict, str(pin.source), None, pin.size, offered=False)
        )
