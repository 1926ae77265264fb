"""What the value of an index becomes (reference: [indexes])."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rim_router.config.expand import absolute_url

HERE = Path("/srv/project")
posix = pytest.mark.skipif(sys.platform == "win32", reason="paths of POSIX")


def expand(text: str, trusted: bool = True, **environ: str) -> str:
    return absolute_url(text, HERE, environ, trusted)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://a.example/simple", "https://a.example/simple"),
        ("HTTPS://A.example/simple/", "https://A.example/simple/"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://u:p%40x@a.example/simple", "https://u:p%40x@a.example/simple"),
        ("https://[::1]:8443/simple", "https://[::1]:8443/simple"),
        ("https://a.example./simple", "https://a.example./simple"),
        ("file:///srv/simple", "file:///srv/simple"),
        ("https://a.example/$HOME/$$/{X}", "https://a.example/$HOME/$$/{X}"),
    ],
)
def test_urls_stay_as_they_are(text: str, url: str) -> None:
    """Only the scheme is put into lower case."""
    assert expand(text) == url


@posix
@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("vendor/wheels", "file:///srv/project/vendor/wheels"),
        ("./vendor/../wheels/", "file:///srv/project/wheels"),
        ("../wheels", "file:///srv/wheels"),
        ("/opt/simple", "file:///opt/simple"),
        ("two words#1?", "file:///srv/project/two%20words%231%3F"),
        ("C:/wheels", "file:///srv/project/C:/wheels"),
        ("c:wheels", "file:///srv/project/c:wheels"),
        (".", "file:///srv/project"),
    ],
)
def test_paths_are_relative_to_the_file(text: str, url: str) -> None:
    """And one letter before a colon is a drive, not a scheme."""
    assert expand(text).replace("%3A", ":") == url  # releases of Python differ in whether they quote it


def test_tilde_is_the_home_directory() -> None:
    """In paths only."""
    assert expand("~/simple") == Path.home().joinpath("simple").as_uri()
    assert expand("https://a.example/~me") == "https://a.example/~me"


def test_an_unknown_home_directory_is_a_fault() -> None:
    """Not a directory whose name begins with a tilde."""
    with pytest.raises(ValueError, match="names a home directory that cannot be found"):
        expand("~nobody-has-this-name/simple")


@pytest.mark.parametrize("text", ["vendor/wheels", "~/wheels", "."])
def test_relative_paths_in_a_remote_table_are_faults(text: str) -> None:
    """They would be relative to a cache."""
    with pytest.raises(ValueError, match="is a relative path, which a table from a URL cannot have"):
        absolute_url(text, None, {}, True)


HOSTS = [
    *("pypi.org/simple", "PyPI.org", "pkgs.acme.example./x", "a-b.c-d.io/", "xn--bcher-kva.example"),
    *("localhost/simple", "10.0.0.1/simple", "[::1]/simple", "[2001:db8::1]:80/x", "https//pypi.org/simple"),
]
WITH_PORTS = [
    "localhost:8080",
    "localhost:8080/simple",
    "pypi.org:443/simple",
    "mirror:80/x",
    "ci:word@pypi.org/x",
]


class TestHostsWithoutScheme:
    """What looks like a host and is no path that exists was meant for a URL."""

    @pytest.mark.parametrize("text", [*HOSTS, *WITH_PORTS])
    def test_is_a_fault(self, text: str, tmp_path: Path) -> None:
        """It suggests https, and shows no credentials."""
        with pytest.raises(ValueError, match=r" has no scheme: begin it with https://") as caught:
            absolute_url(text, tmp_path, {}, True)
        assert "word" not in str(caught.value)
        with pytest.raises(ValueError, match=r" has no scheme: begin it with https://$"):
            absolute_url(text, None, {}, True)

    @posix
    @pytest.mark.parametrize("text", HOSTS)
    def test_a_path_that_exists_is_one(self, text: str, tmp_path: Path) -> None:
        """So is what is written as a path, whether it exists or not."""
        for name in (f"./{text}", f"{tmp_path}/{text}"):
            assert absolute_url(name, tmp_path, {}, True).startswith(tmp_path.as_uri())
        (tmp_path / text).mkdir(parents=True)
        assert absolute_url(text, tmp_path, {}, True).startswith(tmp_path.as_uri())

    @posix
    @pytest.mark.parametrize(
        "text", ["vendor/wheels", "wheels-1.0/x", "x.d/wheels", ".hidden/x", "a..b/x", "a_b.io/x"]
    )
    def test_other_paths_need_not_exist(self, text: str, tmp_path: Path) -> None:
        """They may be made later."""
        assert absolute_url(text, tmp_path, {}, True) == (tmp_path / text).as_uri()

    def test_a_variable_that_holds_one(self, tmp_path: Path) -> None:
        """Without what it holds."""
        with pytest.raises(ValueError) as caught:
            absolute_url("${HOST}/simple", tmp_path, {"HOST": "secret.example"}, True)
        assert str(caught.value).startswith('"${HOST}/simple" has no scheme: begin it with https://')
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "file:////evil/x",
            "file://localhost//evil/x",
            "file:///%2Fevil/x",
            "file:///%5c%5Cevil/x",
            "//evil/x",
        ),
        *("FILE:////evil", "file://///evil", "///evil/x"),
    ],
)
def test_two_slashes_are_another_host_on_windows(text: str) -> None:
    """One table has one meaning: never local."""
    with pytest.raises(ValueError, match=r"begins with two slashes, which .* another host.*: write one"):
        expand(text)


class TestVariables:
    """${UPPER_CASE}."""

    def test_secrets_are_encoded_in_the_credentials(self) -> None:
        """Whatever is in a token, it cannot end the credentials."""
        token = "a@evil.example/b?c#d:e%20"
        url = expand("https://ci:${TOKEN}@a.example/simple", TOKEN=token)
        assert url == "https://ci:a%40evil.example%2Fb%3Fc%23d%3Ae%2520@a.example/simple"
        assert urlsplit(url).hostname == "a.example"

    @pytest.mark.parametrize(
        "value", ["evil.example/", "evil.example#", "x@evil.example", "evil.example?", "a\\b", "é"]
    )
    def test_a_value_in_the_host_can_only_be_a_part_of_a_host(self, value: str) -> None:
        """The message names the variable, and not what it holds."""
        with pytest.raises(ValueError) as caught:
            expand("https://${HOST}.a.example/simple", HOST=value)
        assert (
            str(caught.value)
            == "environment variable HOST is used in the host, and its value cannot be part of a host"
        )

    def test_a_value_may_be_a_part_of_the_host(self) -> None:
        """With its port."""
        assert (
            expand("https://${HOST}${PORT}/x", HOST="a.example", PORT=":8443") == "https://a.example:8443/x"
        )

    def test_a_value_in_the_path_is_inserted_as_it_is(self) -> None:
        """Slashes included."""
        assert expand("https://a.example/${TEAM}/simple", TEAM="x/y@z") == "https://a.example/x/y@z/simple"

    @pytest.mark.parametrize("value", ["x?y", "x#y", "x y", "x\\y"])
    def test_a_value_in_the_path_cannot_end_it(self, value: str) -> None:
        """And it is not shown."""
        with pytest.raises(ValueError) as caught:
            expand("https://a.example/${TEAM}/simple", TEAM=value)
        assert str(caught.value).startswith('"https://a.example/${TEAM}/simple" has ')
        assert value not in str(caught.value)

    def test_a_value_may_be_a_whole_url(self) -> None:
        """Whoever sets it chooses the host."""
        assert expand("${INDEX}", INDEX="https://u:p@a.example/simple") == "https://u:p@a.example/simple"
        assert expand("${BASE}/simple", BASE="https://a.example") == "https://a.example/simple"

    @posix
    def test_a_value_may_be_a_path(self) -> None:
        """White space is no matter there."""
        assert expand("${DIR}/simple", DIR="/two words") == "file:///two%20words/simple"
        assert expand("vendor/${DIR}", DIR="x") == "file:///srv/project/vendor/x"

    @pytest.mark.parametrize(
        "value", ["ftp://u:secret@a.example", "https://u:secret@a.example/?secret", "https://secret@"]
    )
    def test_a_whole_url_is_checked_and_not_shown(self, value: str) -> None:
        """The same rules as for one that is written."""
        with pytest.raises(ValueError) as caught:
            expand("${INDEX}", INDEX=value)
        assert "secret" not in str(caught.value)
        assert '"${INDEX}"' in str(caught.value)

    @pytest.mark.parametrize("text", ["${A}evil", "${A}${B}", "${A}/x@b.example", "${A}://b.example"])
    def test_a_variable_at_the_beginning_cannot_be_half_a_host(self, text: str) -> None:
        """Else a value that lacks its end would send the rest elsewhere."""
        with pytest.raises(ValueError, match=r"begins with a variable|begin with its scheme"):
            expand(text, A="https://a.example", B="x")

    @pytest.mark.parametrize("value", ["a\nb", "a\r", "\x00", "a\x1bb", "\x7f", "a\u2028b"])
    @pytest.mark.parametrize(
        "text", ["https://u:${V}@a.example/", "https://a.example/${V}", "${V}", "dir/${V}"]
    )
    def test_control_characters_are_refused(self, text: str, value: str) -> None:
        """A secret that was read with its line end is a common mistake."""
        with pytest.raises(ValueError) as caught:
            expand(text, V=value)
        assert str(caught.value) == "environment variable V has control characters or line ends in it"

    @pytest.mark.parametrize("environ", [{}, {"TOKEN": ""}])
    def test_unset_is_a_fault_that_names_it(self, environ: dict[str, str]) -> None:
        """Empty is as good as unset: a request without a password tells nobody why it failed."""
        with pytest.raises(ValueError) as caught:
            absolute_url("https://ci:${TOKEN}@a.example/simple", HERE, environ, True)
        assert str(caught.value) == "environment variable TOKEN is not set"

    def test_a_projects_file_may_use_its_own_variables_only(self) -> None:
        """A cloned repository must not send other secrets to a host of its choice."""
        text = "https://a.example/${RIM_ROUTER_X}/${AWS_SECRET}"
        with pytest.raises(ValueError) as caught:
            expand(text, trusted=False, RIM_ROUTER_X="x", AWS_SECRET="y")
        assert str(caught.value) == (
            "a project's table or a command may only use variables that begin with RIM_ROUTER_, "
            "not AWS_SECRET"
        )
        assert expand(text, RIM_ROUTER_X="x", AWS_SECRET="y") == "https://a.example/x/y"
        assert (
            expand("https://a.example/${RIM_ROUTER_X}", trusted=False, RIM_ROUTER_X="x")
            == "https://a.example/x"
        )

    @pytest.mark.parametrize("text", ["${lower}", "${}", "${A", "${A-B}", "${A:-x}", "x${ A}"])
    def test_an_opening_that_is_no_variable_is_a_fault(self, text: str) -> None:
        """Nobody means it as it is written."""
        with pytest.raises(ValueError, match="not followed by an UPPER_CASE name"):
            expand("https://a.example/" + text, A="x")

    def test_values_are_not_expanded_again(self) -> None:
        """What a variable holds is data."""
        assert expand("https://a.example/${A}", A="${B}", B="x") == "https://a.example/${B}"


def test_no_message_shows_what_is_before_an_at() -> None:
    """Even where what was written is no URL."""
    for text in ("ftp:me:secret@a.example", "git:secret@a.example/x", "localhost:secret@x?y"):
        with pytest.raises(ValueError) as caught:
            expand(text)
        assert "secret" not in str(caught.value)


@pytest.mark.skipif(os.name != "nt", reason="shares of Windows")
def test_a_share_is_a_file_url_with_a_host() -> None:
    """On Windows only."""
    assert expand("file://server/share/simple") == "file://server/share/simple"
