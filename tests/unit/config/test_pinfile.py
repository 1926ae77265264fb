"""pylock.external.toml: what is read, and everything that can be wrong with it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from rim_router.config.files import PINS_NAME
from rim_router.config.pinfile import filename_of, merge_pins, parse_filename, read_pins

if TYPE_CHECKING:
    from rim_router.errors import Fault
    from rim_router.rules.pins import Pin
    from tests.unit.conftest import Machine

A, B = "a" * 64, "b" * 64
HEAD = 'lock-version = "1.0"\ncreated-by = "rim-router"\n'
PACKAGE = f'{HEAD}[[packages]]\nname = "torch"\nversion = "2.6.0+cu126"\n'
WHEEL = "torch-2.6.0+cu126-cp311-cp311-linux_x86_64.whl"
URL = "https://cdn.example/torch-2.6.0%2Bcu126-cp311-cp311-linux_x86_64.whl"
FTP = URL.replace("https", "ftp")
PLACE = "packages[0].wheels[0]"
HASHES = f'hashes = {{ sha256 = "{A}" }}'
GOOD = f'url = "{URL}"\n{HASHES}\n'


def read(text: str, layer: str = "project") -> tuple[list[Pin], list[Fault]]:
    return read_pins(layer, Path.cwd() / PINS_NAME, dedent(text).encode())


def faults(text: str) -> list[str]:
    """What is wrong with a file; each with its place."""
    return [str(fault).replace(f"./{PINS_NAME}", "") for fault in read(text)[1]]


def wheel(lines: str) -> str:
    """A file with one wheel."""
    return f"{PACKAGE}[[packages.wheels]]\n{lines}"


def test_what_is_read(machine: Machine) -> None:
    """Each wheel and sdist is a pin, with its place."""
    pins, wrong = read(f"""\
        lock-version = "1.0"
        created-by = "rim-router"

        [[packages]]
        name = "torch"
        version = "2.6.0+cu126"

        [[packages.wheels]]
        name = "{WHEEL}"
        url = "{URL}"
        size = 913
        hashes = {{ sha256 = "{A.upper()}", SHA512 = "{"c" * 128}", md5 = "nonsense" }}

        [[packages.wheels]]
        url = "https://cdn.example/torch-2.6.0%2Bcu126-cp312-cp312-linux_x86_64.whl?x=1"
        hashes.sha384 = "{"d" * 96}"

        [[packages]]
        name = "acme-core"
        sdist = {{ url = "file:///srv/acme-core-1.0.tar.gz", hashes = {{ sha256 = "{B}" }} }}
        """)
    assert not wrong
    assert [(pin.name, pin.version, pin.filename, pin.url, pin.size, dict(pin.digests)) for pin in pins] == [
        ("torch", "2.6.0+cu126", WHEEL, URL, 913, {"sha256": A, "sha512": "c" * 128}),
        (
            "torch",
            "2.6.0+cu126",
            WHEEL.replace("311", "312"),
            f"{URL.replace('311', '312')}?x=1",
            None,
            {"sha384": "d" * 96},
        ),
        ("acme-core", "1.0", "acme-core-1.0.tar.gz", "file:///srv/acme-core-1.0.tar.gz", None, {"sha256": B}),
    ]
    assert [str(pin.source) for pin in pins] == [f"./{PINS_NAME}:{line}" for line in (8, 14, 20)]
    assert {pin.source.layer for pin in pins} == {"project"}


def test_what_other_tools_write_is_read() -> None:
    """Keys of PEP 751 that say nothing about digests, and unknown ones, are no faults."""
    pins, wrong = read(f"""\
        lock-version = "1.1"
        created-by = "other"
        environments = ["sys_platform == 'linux'"]
        requires-python = ">=3.9"
        extras = ["x"]
        new = true

        [[packages]]
        name = "torch"
        version = "2.6.0+cu126"
        marker = "python_version >= '3.9'"
        index = "https://cdn.example/simple"
        dependencies = [{{ name = "numpy" }}]

        [[packages.wheels]]
        url = "{URL}"
        upload-time = 2026-01-01T00:00:00Z
        provenance = "x"
        {HASHES}

        [[packages.attestation-identities]]
        kind = "x"

        [tool.other]
        key = 1
        """)
    assert not wrong
    assert len(pins) == 1


@pytest.mark.parametrize(
    ("package", "filename"),
    [("1.0", "x-1.0.0-py3-none-any.whl"), ("1.0.0", "x-1.0-py3-none-any.whl"), ("1.0rc1", "x-1.0.c1.tar.gz")],
)
def test_equal_versions_are_equal(package: str, filename: str) -> None:
    """However they are written (PEP 440)."""
    entry = f'{{ url = "https://a.example/{filename}", {HASHES} }}'
    files = f"wheels = [{entry}]" if filename.endswith("whl") else f"sdist = {entry}"
    pins, wrong = read(f'{HEAD}[[packages]]\nname = "x"\nversion = "{package}"\n{files}\n')
    assert not wrong
    assert [pin.version for pin in pins] == [package]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", [":1:2: not TOML: …"]),
        ("", [": has no lock-version, …", ": has no created-by, …", ": has no packages, …"]),
        (
            'lock-version = 1\ncreated-by = ""\npackages = {}',
            [
                ":1, lock-version: expected a string, found an integer",
                ":2, created-by: cannot be empty",
                ":3, packages: expected an array of tables, found a table",
            ],
        ),
        (
            'lock-version = "2.0"\ncreated-by = "x"\npackages = [1]',
            [
                ':1, lock-version: "2.0" is not supported: only 1.0 is (upgrade rim-router)',
                ":3, packages[0]: expected a table, found an integer",
            ],
        ),
        (
            f"{HEAD}[[packages]]\n",
            [":3, packages[0]: has no name", ":3, packages[0]: has neither wheels nor an sdist"],
        ),
        (
            f'{HEAD}[[packages]]\nname = "Big_Model"\nversion = "x"\nwheels = []\nsdist = 1\n',
            [
                ':4, packages[0].name: "Big_Model" is not normalised (write "big-model")',
                ':5, packages[0].version: "x" is not a version (PEP 440)',
                ":7, packages[0].sdist: expected a table, found an integer",
            ],
        ),
        (
            f'{HEAD}[[packages]]\nname = "-x"\nversion = 1\nwheels = 1\n',
            [
                ':4, packages[0].name: "-x" is not the name of a project',
                ":5, packages[0].version: expected a string, found an integer",
                ":6, packages[0].wheels: expected an array of tables, found an integer",
            ],
        ),
        (
            f'{HEAD}[[packages]]\nname = "x"\narchive = {{}}\n',
            [
                (
                    ":5, packages[0].archive: cannot be a pin: only wheels and source distributions can "
                    "(remove the package)"
                )
            ],
        ),
        (
            wheel(f'name = "{WHEEL}"'),
            [
                ":6, @: has no url (a pin is for a file that an index links to)",
                ":6, @: has no hashes (add one of sha256, sha384, sha512)",
            ],
        ),
        (
            wheel(f"url = 1\n{HASHES}"),
            [":7, @.url: expected a string, found an integer"],
        ),
        (
            wheel(f'url = "{FTP}"\n{HASHES}'),
            [f':7, @.url: "{FTP}" is neither an https, http nor a file URL'],
        ),
        (
            wheel(f'url = "file:////server/{WHEEL}"\n{HASHES}'),
            [
                (
                    f':7, @.url: "file:////server/{WHEEL}" has a path that begins with two slashes, '
                    "which some programs read as another host: write one"
                )
            ],
        ),
        (
            wheel(f'url = "{WHEEL}"\n{HASHES}'),
            [f':7, @.url: "{WHEEL}" is neither an https, http nor a file URL'],
        ),
        (
            wheel(f'url = "{URL.replace("//", "//me:secret@")}"\n{HASHES}'),
            [(f':7, @.url: "{URL.replace("//", "//****@")}" carries credentials (remove them)')],
        ),
        (
            wheel(f'url = "https://a.example\\\\@cdn.example/{WHEEL}"\n{HASHES}'),
            [":7, @.url: …"],
        ),
        (
            wheel(f'{GOOD}size = "1"'),
            [":9, @.size: expected an integer, found a string"],
        ),
        (wheel(f"{GOOD}size = true"), [":9, @.size: expected an integer, found a boolean"]),
        (wheel(f"{GOOD}size = -1"), [":9, @.size: cannot be negative"]),
        (
            wheel(f'url = "{URL}"\nhashes = "sha256={A}"'),
            [":8, @.hashes: expected a table, found a string"],
        ),
        (
            wheel(f'url = "{URL}"\nhashes = {{}}'),
            [
                ":8, @.hashes: has no strong hash (add one of sha256, sha384, sha512)",
            ],
        ),
        (
            wheel(f'url = "{URL}"\nhashes = {{ md5 = "{"0" * 32}", blake2b = "{A}" }}'),
            [":8, @.hashes: has no strong hash (add one of sha256, sha384, sha512)"],
        ),
        (
            wheel(f'url = "{URL}"\nhashes = {{ sha256 = "{A}", sha512 = "{B}" }}'),
            [":8, @.hashes.sha512: is not a sha512 digest, which has 128 hexadecimal digits"],
        ),
        (
            wheel(f'url = "{URL}"\nhashes = {{ sha256 = 1 }}'),
            [":8, @.hashes.sha256: expected a string, found an integer"],
        ),
        (
            wheel(f'url = "{URL}"\nhashes = {{ sha256 = "{"x" * 64}" }}'),
            [":8, @.hashes.sha256: is not a sha256 digest, which has 64 hexadecimal digits"],
        ),
        (wheel(f"{GOOD}name = 1"), [":9, @.name: expected a string, found an integer"]),
        (
            wheel(f'{GOOD}name = "torch.whl"'),
            [':9, @.name: "torch.whl" is not the file name of a wheel'],
        ),
        (
            wheel(f'{GOOD}name = "torch-2.6.0+cu126.tar.gz"'),
            [':9, @.name: "torch-2.6.0+cu126.tar.gz" is not the file name of a wheel'],
        ),
        (
            wheel(f'{GOOD}name = "../{WHEEL}"'),
            [f':9, @.name: "../{WHEEL}" is not the file name of a wheel'],
        ),
        (
            wheel(f'url = "https://cdn.example/download?file=1"\n{HASHES}'),
            [':6, @.name: "download" is not the file name of a wheel'],
        ),
        (
            wheel(f'{GOOD}name = "{WHEEL.replace("torch", "numpy")}"'),
            [(f':9, @.name: "{WHEEL.replace("torch", "numpy")}" is a file of numpy, not of torch')],
        ),
        (
            wheel(f'{GOOD}name = "{WHEEL.replace("cu126", "cu118")}"'),
            [(f':9, @.name: "{WHEEL.replace("cu126", "cu118")}" is of version 2.6.0+cu118, not 2.6.0+cu126')],
        ),
        (
            f'{HEAD}[[packages]]\nname = "x"\n[packages.sdist]\nurl = "https://a.example/{WHEEL}"\n{HASHES}\n',
            [f':5, packages[0].sdist.name: "{WHEEL}" is not the file name of a source distribution'],
        ),
        (
            f'{wheel(GOOD)}[[packages.wheels]]\nurl = "{URL}"\nhashes = {{ sha256 = "{B}" }}\n',
            [
                (
                    f":9, packages[0].wheels[1]: sha256 of {WHEEL} is {B} here, and {A} in ./{PINS_NAME}:6 "
                    "(remove the one that is wrong)"
                )
            ],
        ),
    ],
)
def test_every_fault(text: str, expected: list[str]) -> None:
    """All faults of a file come at once, each with place, key and remedy."""
    expected = [each.replace("@:", f"{PLACE}:").replace("@.", f"{PLACE}.") for each in expected]
    said = [str(fault) for fault in read(text)[1]]
    assert len(said) == len(expected), said
    for found, wanted in zip(said, expected):
        if wanted.endswith("…"):
            assert found.startswith(f"./{PINS_NAME}{wanted[:-1]}"), said
        else:
            assert found == f"./{PINS_NAME}{wanted}"


def test_a_fault_of_one_package_does_not_hide_those_of_others() -> None:
    """And the pins without fault are returned."""
    text = wheel(GOOD) + '[[packages]]\nname = "x"\n[[packages]]\nversion = "1"\n'
    pins, wrong = read(text)
    assert [pin.filename for pin in pins] == [WHEEL]
    assert [fault.where.line for fault in wrong] == [9, 11, 11]


def test_no_secret_in_a_fault() -> None:
    """Not even of a URL that is none."""
    for url in ("https://me:secret@[x", "ftp://me:secret@x/y", "https://me:secret@x\\\\@y/z"):
        assert "secret" not in "".join(faults(wheel(f'url = "{url}"\n{HASHES}')))


def test_what_is_not_utf_8() -> None:
    """The place is told."""
    pins, wrong = read_pins("user", Path.cwd() / PINS_NAME, b"a = 1\n\xff")
    assert not pins
    assert [str(fault) for fault in wrong] == [f"./{PINS_NAME}:2:1: not UTF-8: byte 0xff"]


def test_a_version_of_absurd_length() -> None:
    """Is none."""
    text = f'{HEAD}[[packages]]\nname = "x"\nversion = "{"1" * 5000}"\nwheels = []\n'
    assert "is not a version" in faults(text)[0]


# Several files


def test_the_pins_of_every_layer_hold() -> None:
    """What they say of one file is put together; the highest layer's place is shown."""
    one, _ = read(wheel(f"{GOOD}size = 913\n"), "user")
    two, _ = read(wheel(f'url = "https://b.example/{WHEEL}"\nhashes = {{ sha512 = "{"c" * 128}" }}\n'))
    three, _ = read(f'{HEAD}[[packages]]\nname = "x"\n'
                    f'sdist = {{ url = "https://a.example/x-1.zip", {HASHES} }}\n')  # fmt: skip
    pins, wrong = merge_pins([*one, *two, *three])
    assert not wrong
    assert len(pins) == 2
    pin = pins.get(WHEEL)
    assert pin is not None
    assert pin.digests == {"sha256": A, "sha512": "c" * 128}
    assert pin.size == 913
    assert pin.source.layer == "project"
    assert pin.url == f"https://b.example/{WHEEL}"


@pytest.mark.parametrize(
    ("lines", "what", "one", "two"),
    [
        (f'url = "{URL}"\nhashes = {{ sha256 = "{B}" }}', "sha256", B, A),
        (f'url = "{URL}"\nhashes = {{ sha512 = "{"c" * 128}" }}\nsize = 1000', "size", "1,000", "913"),
    ],
)
def test_two_that_disagree(lines: str, what: str, one: str, two: str) -> None:
    """Both files are named."""
    user, _ = read_pins("user", Path("/etc") / PINS_NAME, wheel(f"{GOOD}size = 913").encode())
    project, _ = read(wheel(lines))
    _, wrong = merge_pins([*user, *project])
    (fault,) = wrong
    assert str(fault) == (
        f"./{PINS_NAME}:6, packages[0].wheels[0]: {what} of {WHEEL} is {one} here, and {two} in "
        f"/etc/{PINS_NAME}:6 (remove the one that is wrong)"
    )


@pytest.mark.parametrize("other", [WHEEL.replace("torch", "Torch"), WHEEL.replace("2.6.0", "2.6")])
def test_spelt_in_two_ways(other: str) -> None:
    """pip takes both names for those of one file, and so both pins hold."""
    user, _ = read_pins("user", Path("/etc") / PINS_NAME, wheel(GOOD).encode())
    (pin,) = user
    merged, wrong = merge_pins([pin, pin.replaced(filename=other, digests={"sha512": "c" * 128})])
    assert wrong == []
    (both,) = merged
    assert both.digests == {"sha256": A, "sha512": "c" * 128}
    _, (fault,) = merge_pins([pin, pin.replaced(filename=other, digests={"sha256": B})])
    assert A in str(fault)
    assert B in str(fault)


# File names


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        (WHEEL, ("torch", "2.6.0+cu126")),
        ("Big.Model-1.0-1-py3-none-any.whl", ("big-model", "1.0")),
        ("acme-core-1.0.tar.gz", ("acme-core", "1.0")),
        ("acme_core-1.0.zip", ("acme-core", "1.0")),
    ],
)
def test_parse_filename(filename: str, expected: tuple[str, str]) -> None:
    assert parse_filename(filename) == expected


@pytest.mark.parametrize(
    "filename", ["", "x", "x.whl", "x-1.tar.bz2", "x-y.zip", "ⅹ-1-py3-none-any.whl", "a/x-1.zip", "x-1.zip\n"]
)
def test_not_a_filename(filename: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_filename(filename)


def test_filename_of() -> None:
    """As given, or what is at the end of the URL."""
    assert filename_of({"name": "a", "url": "https://x/b"}) == "a"
    assert filename_of({"url": "https://x/y/b%2Bc.whl?q=/d#e"}) == "b+c.whl"
