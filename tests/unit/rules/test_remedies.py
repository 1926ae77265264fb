"""Remedies: commands that a shell takes as they are meant, with the request that they are about."""

from __future__ import annotations

import shlex
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rim_router.hooks.requests import Requests
from rim_router.rules.remedies import key_line, quoted, record_digest, record_reference
from rim_router.rules.source import Source
from rim_router.rules.table import Index


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"])))
def test_a_shell_takes_an_argument_as_it_is(text: str) -> None:
    """Whatever a stranger has written there is text, and nothing that is run."""
    assert shlex.split(quoted(text)) == [text]
    if quoted(text).startswith('"'):
        assert not set(text) & set('$`"\\')


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("torch==2.8.0", "torch==2.8.0"),
        ("torch<3,>=2", '"torch<3,>=2"'),
        ("x @ https://a.example/x.whl#sha256=1", '"x @ https://a.example/x.whl#sha256=1"'),
        ("x===$(rm -r /)", "'x===$(rm -r /)'"),
        ("", '""'),
    ],
)
def test_quotes(text: str, expected: str) -> None:
    """Double ones, which other shells have as well, where these are enough."""
    assert quoted(text) == expected


def options(**values: Any) -> SimpleNamespace:
    """What pip has parsed."""
    return SimpleNamespace(**values)


@pytest.mark.parametrize(
    ("given_options", "expected"),
    [
        (options(), ""),
        (options(pre=True), " --pre"),
        (options(release_control=SimpleNamespace(all_releases={":all:"})), " --pre"),
        (
            options(platforms=["a", "b c"], python_version=(3, 9), implementation="cp", abis=["abi3"]),
            ' --platform a --platform "b c" --python-version 3.9 --implementation cp --abi abi3',
        ),
        (
            options(
                format_control=SimpleNamespace(only_binary={":all:"}, no_binary={"y", "x"}),
                ignore_dependencies=True,
            ),
            " --only-binary :all: --no-binary x,y --no-deps",
        ),
    ],
)
def test_the_very_request(given_options: SimpleNamespace, expected: str) -> None:
    """The versions that were asked for last, and the options that say which file is chosen."""
    requests = Requests()
    requests.begin(given_options)
    requests.ask("torch", "")
    assert requests.remedy("torch", record_digest("torch")) == (
        f"to record its digest, run: rim-router pin torch{expected}"
    )
    requests.ask("torch", ">=2,<3")
    assert requests.words("torch") == '"torch>=2,<3"'
    url = record_reference("torch", "https://a.example/x.whl")
    assert requests.remedy("torch", url) == f"{url}{expected}"
    assert requests.remedy("torch", None) is None


def test_keys_of_an_index_of_a_variable() -> None:
    """It has none: only an index of a table has."""
    url = "https://a.example/simple"
    line = key_line('mirrors = ["URL"]', Index(url, url, Source("command", "RIM_ROUTER_ROUTES")))
    assert line == 'define the index in a table, with mirrors = ["URL"], and name it in RIM_ROUTER_ROUTES'
