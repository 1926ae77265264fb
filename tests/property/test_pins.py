"""Whatever is pinned is read again as it was, in one order, and to pin it again changes nothing."""

from __future__ import annotations

import argparse
import datetime as dt
import shlex
from itertools import chain
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rim_router.cli.pin import command
from rim_router.cli.pin.files import FileToPin
from rim_router.cli.pin.options import pin_command
from rim_router.cli.pin.record import NEVER, Outcome, State, outcomes, recorded
from rim_router.cli.pin.store import Store
from rim_router.cli.pin.toml_text import toml_text
from rim_router.config.document import read_toml
from rim_router.config.pinfile import read_pins
from rim_router.rules.pins import NO_PINS, Pins

STORE = Store("project", Path("/nowhere/pylock.external.toml"))

names = st.sampled_from(["torch", "big-model", "a"])
versions = st.sampled_from(["1.0", "1.10", "1.9rc1", "2.6.0+cu126", "1!0.1"])
tags = st.sampled_from(["py3-none-any.whl", "cp311-cp311-linux_x86_64.whl", ".tar.gz"])
digests = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}")


def external_file(name: str, version: str, tag: str, digest: str, size: int | None) -> FileToPin:
    end = tag if tag.startswith(".") else f"-{tag}"
    filename = f"{name.replace('-', '_')}-{version}{end}"
    url = f"https://cdn.example/{filename.replace('+', '%2B')}"
    return FileToPin(name, version, filename, url, url, {"sha256": digest}, size, "")


files = st.builds(external_file, names, versions, tags, digests, st.none() | st.integers(0, 2**40))
runs = st.lists(
    st.lists(files, min_size=1, max_size=4, unique_by=lambda file: file.name), min_size=1, max_size=6
)

texts = st.text(st.characters(blacklist_categories=("Cs",)), max_size=10)
moments = st.datetimes() | st.datetimes(timezones=st.just(dt.timezone.utc)) | st.dates() | st.times()
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
values = st.recursive(
    st.booleans() | numbers | texts | moments,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


def read(text: str) -> tuple[dict[str, Any], Pins]:
    pins, faults = read_pins("project", STORE.path, text.encode())
    assert not faults
    return read_toml(text.encode(), "x")[1], Pins(pins)


@settings(deadline=None)
@given(runs)
def test_what_is_pinned_is_read(several: list[list[FileToPin]]) -> None:
    """Every file of every run, with the digest that was accepted last."""
    text, data, pins = "", None, NO_PINS
    expected: dict[str, str] = {}
    for run in several:
        data = recorded(data, outcomes(run, pins, NO_PINS, update=True))
        text = STORE.render(data)
        data, pins = read(text)
        expected.update({file.filename: file.digests["sha256"] for file in run})
        assert {pin.filename: pin.digests["sha256"] for pin in pins} == expected
        for file in run:
            pin = pins.get(file.filename)
            assert pin is not None
            assert (pin.name, pin.version, pin.url) == (file.name, file.version, file.url)
            assert file.size in (None, pin.size)
        # A lock file installs one version of each project: what was pinned last.
        chosen = {(each["name"], each["version"]) for each in data["packages"] if each.get("marker") != NEVER}
        assert {(file.name, file.version) for file in run} <= chosen
        assert len(chosen) == len({each["name"] for each in data["packages"]})
        # Again, and nothing changes.
        again = outcomes(run, pins, NO_PINS, update=False)
        assert {outcome.state for outcome in again} == {State.UNCHANGED}
        assert recorded(data, again) == data
        assert STORE.render(data) == text


@settings(deadline=None)
@given(st.lists(files, min_size=1, max_size=6, unique_by=lambda file: file.filename), st.randoms())
def test_the_order_is_always_the_same(each: list[FileToPin], random: Any) -> None:
    """But for which version is the last, the file is the same whatever came first."""

    def pinned(order: list[FileToPin]) -> str:
        data = None
        for file in order:
            data = recorded(data, [Outcome(file, State.ADDED)])
        assert data is not None
        for package in data["packages"]:
            package.pop("marker", None)
        return toml_text(data)

    shuffled = random.sample(each, len(each))
    assert pinned(each) == pinned(shuffled)


@given(st.dictionaries(texts, values, max_size=5))
def test_any_document_is_written_as_it_is(document: dict[str, Any]) -> None:
    """Also what other tools have put there."""
    text = toml_text(document)
    assert read_toml(text.encode(), "x")[1] == document
    assert toml_text(read_toml(text.encode(), "x")[1]) == text


words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=8).filter(
    lambda word: not word.startswith("-") and "://" not in word
)
options = st.one_of(
    st.sampled_from([["--pre"], ["--no-deps"], ["--no-index"]]),
    st.tuples(st.sampled_from(["-r", "-c", "--platform", "--only-binary", "-f"]), words).map(list),
)


@given(st.lists(options, max_size=4), st.lists(words | st.just("-x"), min_size=1, max_size=3))
def test_a_command_that_is_shown_can_be_copied(
    given_options: list[list[str]], requirements: list[str]
) -> None:
    """Into a shell: it is the same command, whatever characters are in it."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    command.configure(parser)
    typed = parser.parse_args([*chain.from_iterable(given_options), "--", *requirements])
    shown = shlex.split(pin_command(typed))
    assert shown[:2] == ["rim-router", "pin"]
    assert parser.parse_args(shown[2:]) == typed
