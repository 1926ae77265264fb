"""A file at several places: tried in order, and what happened is said (reference: Several places)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import pytest

from tests.support.external import (
    Index,
    Pin,
    assert_said,
    flipped,
    large_wheel,
    rim_of,
)
from tests.support.nginx import cut, in_turn
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from tests.e2e.external.conftest import World
    from tests.support.environments import Environment

BIG = large_wheel("big-model", "1.2", origin="owner")
PATH = f"/w/{BIG.filename}"
SIZE = len(BIG.data)
OTHER_SIZE = large_wheel("big-model", "1.2", origin="somebody else", kilobytes=300)


def refuses_connections(world: World) -> None:
    world.cdn.go_down()


def status(code: int) -> Callable[[World], None]:
    def fail(world: World) -> None:
        world.cdn.answer(PATH, code)

    return fail


def wrong_size(world: World) -> None:
    world.cdn.put(PATH, OTHER_SIZE.data)


def wrong_digest(world: World) -> None:
    world.cdn.put(PATH, flipped(BIG.data))


def cut_off(world: World) -> None:
    world.cdn.behave(PATH, cut(BIG.data, *[SIZE // 4] * 50, ranges=False))


def empty(world: World) -> None:
    world.cdn.put(PATH, b"")


# What is wrong with the first place, and a word that the user is told about it.
FAILURES: dict[str, tuple[Callable[[World], None], str]] = {
    "refused connection": (refuses_connections, "connect"),
    "401": (status(401), "401"),
    "403": (status(403), "403"),
    "404": (status(404), "404"),
    "500": (status(500), "500"),
    "503": (status(503), "503"),
    "wrong size": (wrong_size, "cdn-a.example"),
    "wrong digest": (wrong_digest, "sha256"),
    "truncated": (cut_off, "cdn-a.example"),
    "empty": (empty, "cdn-a.example"),
}
failures = pytest.mark.parametrize("failure", FAILURES)


def listed_twice(world: World, **more: object) -> dict[str, object]:
    """A ``[[wheel]]`` entry with two places."""
    world.cdn.put(PATH, BIG.data)
    world.mirror.put(PATH, BIG.data)
    urls = [world.cdn.url(PATH), world.mirror.url(PATH)]
    return {"urls": urls, "sha256": BIG.digest(), **more}


def user(world: World, *entries: dict[str, object]) -> Environment:
    """Somebody whose table has the file by hand, and no route for it."""
    return world.routed(wheels=entries, routes={"acme-*": "house"})


class TestUrls:
    """The first of two ``urls`` fails."""

    @failures
    @pytest.mark.parametrize("sized", [False, True], ids=["no size", "size"])
    def test_the_next_serves(self, sized: bool, failure: str, world: World) -> None:
        """The file comes from the second, and pip says what was wrong with the first."""
        victim = user(world, listed_twice(world, **({"size": SIZE} if sized else {})))
        fail, word = FAILURES[failure]
        fail(world)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert_said(result, world.cdn.name, word)
        assert "[/]" not in result.output, "the mark-up of pip's own messages is not shown"
        assert world.mirror.asked_for(BIG.filename)

    def test_not_asked_without_need(self, world: World) -> None:
        """Where the first serves, the second hears nothing."""
        victim = user(world, listed_twice(world))
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")
        assert world.cdn.asked_for(BIG.filename)
        assert not world.mirror.requests

    def test_each_is_named(self, world: World) -> None:
        """Both fail: the error lists each of them with its reason, and nothing is installed."""
        victim = user(world, listed_twice(world))
        world.cdn.answer(PATH, 404)
        world.mirror.put(PATH, flipped(BIG.data))
        result = world.install(victim, "big-model")
        world.assert_stopped(
            victim, result, BIG.filename, world.cdn.name, "404", world.mirror.name, BIG.digest()
        )

    def test_both_down(self, world: World) -> None:
        """The same where nobody answers."""
        victim = user(world, listed_twice(world))
        world.cdn.go_down()
        world.mirror.go_down()
        result = world.install(victim, "big-model")
        reason = "cannot be reached: Connection refused"
        world.assert_stopped(victim, result, world.cdn.name, world.mirror.name, reason)
        assert "object at 0x" not in result.output
        assert "Max retries" not in result.output

    def test_three_places(self, world: World) -> None:
        """It is the order of the table that counts."""
        entry = listed_twice(world)
        world.third.put(PATH, BIG.data)
        entry["urls"] = [world.cdn.url(PATH), world.mirror.url(PATH), world.third.url(PATH)]
        victim = user(world, entry)
        world.cdn.answer(PATH, 500)
        world.mirror.put(PATH, flipped(BIG.data))
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert_said(result, world.cdn.name, world.mirror.name, world.third.name)
        hosts = [each.host for each in world.nginx.requests() if BIG.filename in each.path]
        assert hosts == sorted(hosts, key=[*map(str, (world.cdn, world.mirror, world.third))].index)

    def test_download_leaves_no_wrong_file(self, world: World) -> None:
        """``pip download``: what is in the directory in the end is the right file, or none."""
        victim = user(world, listed_twice(world))
        world.cdn.put(PATH, flipped(BIG.data))
        result = world.pip(victim, "download", "-d", victim.project / "files", "big-model")
        assert result.returncode == 0, str(result)
        assert (victim.project / "files" / BIG.filename).read_bytes() == BIG.data
        assert [each.name for each in (victim.project / "files").iterdir()] == [BIG.filename]


class TestInterrupted:
    """The connection ends before the file does."""

    def test_plain_pip(self, world: World) -> None:
        """Plain pip fails, and older ones fail with a file that is cut off."""
        world.index.show(BIG, world.cdn.behave(PATH, cut(BIG.data, SIZE // 4, ranges=False)))
        victim = world.plain()
        result = world.install(victim, "big-model")
        if world.environments.pip_version >= (25, 1):
            pytest.skip("this pip tries again")
        assert result.returncode != 0, str(result)

    def test_resumed(self, world: World) -> None:
        """The rest is asked for, and not all of it again."""
        world.index.show(BIG, world.cdn.behave(PATH, cut(BIG.data, SIZE // 4)), hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        ranges = [each.range for each in world.cdn.asked_for(BIG.filename)]
        assert ranges[0] == "", ranges
        assert any(each.startswith("bytes=") and not each.startswith("bytes=0") for each in ranges[1:]), (
            ranges
        )

    def test_resumed_twice(self, world: World) -> None:
        """And again, as long as it gets on."""
        behaviour = cut(BIG.data, SIZE // 4, SIZE // 4, SIZE // 4)
        world.index.show(BIG, world.cdn.behave(PATH, behaviour), hashes=["sha256"])
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_a_server_without_ranges(self, world: World) -> None:
        """It sends the whole file once more, and that is what is verified."""
        behaviour = cut(BIG.data, SIZE // 4, ranges=False)
        world.index.show(BIG, world.cdn.behave(PATH, behaviour), hashes=["sha256"])
        victim = world.routed(world.cdn)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    @pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
    def test_changed_meanwhile(self, ranges: bool, world: World) -> None:
        """Two halves of two files are not a file: the digest of the whole decides."""
        other = flipped(BIG.data[: SIZE // 2]) + flipped(BIG.data[SIZE // 2 :])
        behaviour = cut(BIG.data, SIZE // 4, ranges=ranges, after=other)
        world.index.show(BIG, world.cdn.behave(PATH, behaviour), hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, BIG.filename, world.cdn.name)

    def test_never_complete(self, world: World) -> None:
        """A server that always ends too early is given up, with its name."""
        behaviour = cut(BIG.data, *[SIZE // 8] * 100, ranges=False)
        world.index.show(BIG, world.cdn.behave(PATH, behaviour), hashes=["sha256"])
        victim = world.routed(world.cdn)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, BIG.filename, world.cdn.name)

    def test_then_another_place(self, world: World) -> None:
        """What the first place began, the next one ends; the whole is verified."""
        entry = listed_twice(world)
        world.cdn.behave(PATH, cut(BIG.data, SIZE // 4, *[0] * 50))
        victim = user(world, entry)
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert world.mirror.asked_for(BIG.filename)

    def test_then_another_place_with_other_bytes(self, world: World) -> None:
        """A wrong beginning does not spoil a right whole: the second place is good for all of it."""
        entry = listed_twice(world)
        wrong = flipped(BIG.data[: SIZE // 4]) + BIG.data[SIZE // 4 :]
        world.cdn.behave(PATH, cut(wrong, SIZE // 4, *[0] * 50))
        victim = user(world, entry)
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")

    def test_more_than_announced_in_the_pins(self, world: World) -> None:
        """A host that sends without end is cut off by the recorded size."""
        endless = BIG.data + b"\0" * (8 * SIZE)
        victim = world.routed(world.cdn)
        world.pin(victim, Pin.of(BIG, world.cdn.put(PATH, endless)))
        world.index.show(BIG, world.cdn.url(PATH))
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, BIG.filename, world.cdn.name)
        assert sum(each.sent for each in world.cdn.requests) < 4 * len(endless)


class TestIndexMirrors:
    """An index with ``mirrors`` of the same content."""

    def prepare(self, world: World) -> Environment:
        """The index and its mirror have the page and, below it, the file."""
        other = Index(world.mirror, world.index.form, world.index.path)
        for each in (world.index, other):
            each.place(BIG, hashes=["sha256"])
        return world.routed(mirrors=[other.url])

    @pytest.mark.parametrize("failure", ["503", "wrong digest", "truncated", "wrong size", "refused"])
    def test_a_file_from_the_mirror(self, failure: str, world: World) -> None:
        """The page came from the index; its file is out of order there, and comes from the mirror."""
        victim = self.prepare(world)
        path = f"{world.index.path}big-model/{BIG.filename}"
        if failure == "503":
            world.site.answer(path, 503)
        elif failure == "wrong digest":
            world.site.put(path, flipped(BIG.data))
        elif failure == "wrong size":
            world.site.put(path, OTHER_SIZE.data)
        elif failure == "truncated":
            world.site.behave(path, cut(BIG.data, *[SIZE // 4] * 50, ranges=False))
        else:
            world.site.go_down()
        result = world.install(victim, "big-model")
        world.assert_installed(victim, result, "big-model")
        assert_said(result, world.site.name, world.mirror.name)
        assert world.mirror.asked_for(BIG.filename)

    @pytest.mark.parametrize("failure", ["503", "wrong digest", "truncated", "not found"])
    @pytest.mark.parametrize("mirror", ["up", "down"])
    def test_a_rim_from_the_mirror(self, mirror: str, failure: str, world: World) -> None:
        """So it is for the ``.rim`` that stands for a file; where no place has it, each is named."""
        other = Index(world.mirror, world.index.form, world.index.path)
        rim = rim_of(BIG, world.cdn.put(PATH, BIG.data))
        for each in (world.index, other):
            each.place(rim, hashes=["sha256"])
        path = f"{world.index.path}big-model/{rim.filename}"
        if failure == "wrong digest":
            world.site.put(path, flipped(rim.data))
        elif failure == "truncated":
            world.site.behave(path, cut(rim.data, *[100] * 50, ranges=False))
        else:
            world.site.answer(path, 503 if failure == "503" else 404)
        if mirror == "down":
            world.mirror.answer(path, 404)
        victim = world.routed(world.cdn, mirrors=[other.url])
        result = world.install(victim, "big-model")
        assert_said(result, rim.filename, world.site.url(path), world.mirror.url(path))
        if mirror == "up":
            world.assert_installed(victim, result, "big-model")
        else:
            world.assert_stopped(victim, result, "failed-download", "404")
            assert not world.cdn.requests

    def test_the_files_of_a_mirror_are_own(self, world: World) -> None:
        """A page at the index that links to the mirror links to no stranger."""
        url = world.mirror.put(PATH, BIG.data)
        world.index.show(BIG, url)
        victim = world.routed(mirrors=[world.mirror.url(world.index.path)])
        world.assert_installed(victim, world.install(victim, "big-model"), "big-model")


class TestRim:
    """A ``.rim`` names one place; a pin or ``[[wheel]]`` of the same file may know more."""

    def test_down(self, world: World) -> None:
        """Where its place is out of order, owner and support are who to turn to."""
        rim = rim_of(BIG, world.cdn.url(PATH), owner="Acme Models", support="mailto:help@acme.example")
        world.index.place(rim, hashes=["sha256"])
        victim = world.routed(world.cdn)
        world.cdn.answer(PATH, 503)
        result = world.install(victim, "big-model")
        world.assert_stopped(victim, result, "Acme Models", "mailto:help@acme.example", "503", world.cdn.name)

    def test_down_with_the_mirror_of_its_index(self, world: World) -> None:
        """That a mirror cannot say where else the file may be does not hide whom to turn to."""
        other = Index(world.mirror, world.index.form, world.index.path)
        rim = rim_of(BIG, world.cdn.url(PATH), owner="Acme Models")
        for each in (world.index, other):
            each.place(rim, hashes=["sha256"])
        world.cdn.answer(PATH, 404)
        world.mirror.answer(f"{world.index.path}big-model/{rim.filename}", 503)
        victim = world.routed(world.cdn, mirrors=[other.url])
        result, events = world.log(victim, "install", "big-model")
        world.assert_stopped(victim, result, "Acme Models", "404", world.cdn.name, world.mirror.name)
        assert len([each for each in events if each["event"] == "refusal"]) == 1


class TestOnce:
    """A server that is out of order for a moment."""

    def test_tried_again_as_pip_does(self, world: World) -> None:
        """pip's own ``--retries`` are for a place, before the next one is tried."""
        entry = listed_twice(world)
        world.cdn.behave(PATH, in_turn((503, b""), (200, BIG.data)))
        victim = user(world, entry)
        result = world.install(victim, "--retries", "2", "big-model")
        world.assert_installed(victim, result, "big-model")
        assert not world.mirror.requests


def test_every_place_needs_https(world: World) -> None:
    """A table with another scheme is refused as a whole."""
    entry = {"urls": [world.cdn.url(PATH, "http")], "sha256": BIG.digest()}
    victim = user(world, entry)
    result = world.install(victim, "big-model")
    world.assert_stopped(victim, result, "https")
    assert not world.nginx.requests()


def test_an_own_file_is_not_resumed_with_anothers_bytes(world: World) -> None:
    """Without any digest a file is resumed as pip does it, or fetched again: it is whole in the end."""
    world.index.place(wheel("leaf", "1.0", origin="owner"))
    leaf = large_wheel("leaf", "2.0", origin="owner")
    path = f"{world.index.path}leaf/{leaf.filename}"
    world.index.place(leaf)
    world.site.behave(path, cut(leaf.data, len(leaf.data) // 2))
    victim = world.routed()
    result = world.install(victim, "leaf")
    if result.returncode == 0:
        assert (victim.site_packages / "leaf.bin").stat().st_size == 400 * 1024
    else:
        assert victim.origin("leaf") is None
