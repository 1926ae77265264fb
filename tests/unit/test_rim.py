"""The .rim format: what is read, what is refused with which words, what is written."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import time
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from rim_router.errors import RimRouterError
from rim_router.rim import (
    DismountError,
    Rim,
    RimError,
    WheelName,
    agrees,
    dismount,
    hosting,
    read,
    stub_wheel,
)
from tests.support import rims
from tests.support.rims import DEFLATED, DIST_INFO, HOSTING, METADATA, RIM, URI, WHEEL, Entry
from tests.support.wheels import wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1024 * 1024


def faults(data: bytes, filename: str = RIM) -> list[str]:
    """What is wrong with a .rim."""
    with pytest.raises(RimError) as caught:
        read(data, filename)
    return list(caught.value.faults)


def with_entries(*more: Entry) -> bytes:
    """A sound .rim but for further entries."""
    return rims.archive(rims.entries(rims.files(), *more))


def inside(path: str) -> str:
    return f"{DIST_INFO}/{path}"


# What is read


def test_everything_a_rim_says() -> None:
    """Each field, as the file name and the files inside say it."""
    found = read(rims.rim(), RIM)
    assert found == Rim(
        filename=RIM,
        wheel=WheelName(WHEEL, "big-model", "1.2", "", ("py3-none-any",)),
        owner="acme",
        uri=URI,
        size=913,
        hashes={"sha256": rims.SHA256},
        support="https://acme.example/help",
        dist_info=DIST_INFO,
        files={
            "METADATA": rims.metadata(),
            "WHEEL": rims.files()[inside("WHEEL")],
            "RECORD": b"",
        },
    )
    assert (found.name, found.version, found.build, found.tags) == ("big-model", "1.2", "", ("py3-none-any",))
    assert found.wheel_filename == WHEEL
    assert found.metadata == rims.metadata()
    assert hash(found) == hash(read(rims.rim(), RIM))
    assert "Metadata-Version" not in repr(found)


def test_a_file_is_read_like_bytes() -> None:
    """Also one that gives less than it is asked for."""

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 7))

    assert read(Slow(rims.rim()), RIM) == read(io.BytesIO(rims.rim()), RIM) == read(rims.rim(), RIM)


def test_only_so_much_is_read_as_can_be_a_rim() -> None:
    """An endless file is refused all the same."""

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return bytes(size)

    endless = Endless()
    with pytest.raises(RimError) as caught:
        read(endless, RIM)  # type: ignore[arg-type]
    assert str(caught.value) == f"{RIM} is malformed\n  note: is larger than 4 MiB"
    assert endless.given == 4 * MIB + 1


def test_build_tag_and_compressed_tags() -> None:
    """The build tag is kept as written, and a compressed tag set is taken apart."""
    stem = "big_model-1.2-01b-py2.py3-none-any"
    uri = f"https://cdn.example/{stem}.whl"
    found = read(rims.rim(uri=uri), f"{stem}.rim")
    assert (found.build, found.tags) == ("01b", ("py2-none-any", "py3-none-any"))


def test_a_local_version_may_be_percent_encoded_in_the_uri() -> None:
    """As PyTorch's index has it."""
    stem = "big_model-1.2+cu126-py3-none-any"
    contents = {
        path.replace("1.2", "1.2+cu126"): content
        for path, content in rims.files(
            {"METADATA": rims.metadata(version="1.2+cu126")},
            uri="https://cdn.example/big_model-1.2%2Bcu126-py3-none-any.whl?signature=x",
        ).items()
    }
    assert read(rims.archive(rims.entries(contents)), f"{stem}.rim").version == "1.2+cu126"


def test_names_and_versions_agree_after_normalisation() -> None:
    """In the directory and in METADATA."""
    contents = {
        path.replace(DIST_INFO, "Big.Model-1.2.0.dist-info"): content
        for path, content in rims.files({"METADATA": rims.metadata("BIG_model", "1.2.0")}).items()
    }
    assert read(rims.archive(rims.entries(contents)), RIM).dist_info == "Big.Model-1.2.0.dist-info"


@pytest.mark.parametrize("method", [rims.STORED, DEFLATED])
@pytest.mark.parametrize("signature", [b"PK\x07\x08", b""])
def test_what_other_zip_writers_do(method: int, signature: bytes) -> None:
    """Both methods, both forms of data descriptors, directories, extra fields, DOS attributes."""
    extra = struct.pack("<2HB4s", 0x5455, 5, 1, bytes(4))
    members = []
    for member in rims.entries(rims.files(), method=method, flags=0x0808, mode=0):
        header = member.header()
        sizes = struct.pack("<3L", header["crc"], header["packed"], header["unpacked"])
        members.append(
            Entry(
                member.name,
                member.content,
                method,
                0x0808,
                0,
                central={"extra": extra},
                descriptor=signature + sizes,
            )
        )
    members.append(Entry(f"{DIST_INFO}/", mode=0o040755))
    assert read(rims.archive(members), RIM).metadata == rims.metadata()


def test_further_files_of_dist_info_are_kept() -> None:
    """PEP 759 has all of .dist-info."""
    found = read(rims.rim({"entry_points.txt": b"[x]\n", "licenses/LICENSE": b"do"}), RIM)
    assert found.files["entry_points.txt"] == b"[x]\n"
    assert found.files["licenses/LICENSE"] == b"do"
    assert "EXTERNAL-HOSTING.json" not in found.files


def test_metadata_and_hosting_are_enough() -> None:
    """What a resolver does not need may be absent."""
    assert set(read(rims.rim({"WHEEL": None, "RECORD": None}), RIM).files) == {"METADATA"}


@pytest.mark.parametrize(
    ("support", "contact"),
    [("a@b.example", "can be reached at a@b.example"), (None, "names no support contact")],
)
def test_advice_names_the_owner(support: str | None, contact: str) -> None:
    """And keeps users from bothering the index."""
    advice = read(rims.rim(support=support), RIM).advice
    assert advice == f"{WHEEL} is hosted by acme, who {contact}; do not report this to the index"


# The error


def test_the_error_has_every_fault() -> None:
    """Those of the archive, of the JSON and of METADATA at once."""
    data = rims.archive(
        rims.entries(
            rims.files({"METADATA": rims.metadata("other")}, size="913", version="2.0"), Entry("evil.py")
        )
    )
    with pytest.raises(RimRouterError) as caught:
        read(data, RIM)
    assert caught.value.reference == "malformed-rim"
    assert str(caught.value) == "\n".join(
        [
            f"{RIM} is malformed",
            '  note: "evil.py" is outside the .dist-info directory',
            '  note: METADATA: Name "other" does not agree with the file name: big-model',
            '  note: EXTERNAL-HOSTING.json: version is "2.0"; only "1.0" and 1.0 are known',
            "  note: EXTERNAL-HOSTING.json: size must be an integer, not a string",
        ]
    )


def test_the_error_is_not_endless() -> None:
    """Of hundreds of faults the first are shown, and all are there."""
    with pytest.raises(RimError) as caught:
        read(with_entries(*(Entry(f"evil-{number}") for number in range(500))), RIM)
    assert len(caught.value.faults) == 500
    assert len(str(caught.value).splitlines()) == 22
    assert str(caught.value).endswith("\n  note: and 480 more")


def test_the_error_cannot_take_over_a_terminal() -> None:
    """Control and direction characters are escaped, long names cut."""
    with pytest.raises(RimError) as caught:
        read(with_entries(Entry("\x1b[2J\u202e" + "x" * 5000)), "\x1b[2J.rim")
    text = str(caught.value)
    assert text.replace("\n", "").isprintable()
    assert text.isascii()
    assert max(map(len, text.splitlines())) < 400


# The file name


@pytest.mark.parametrize(
    ("filename", "fault"),
    [
        (WHEEL, "has a name that does not end in .rim"),
        (RIM.replace(".rim", ".RIM"), "has a name that does not end in .rim"),
        ("big_model-1.2.rim", "has a name that is not NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.rim"),
        (
            "big_model-x-py3-none-any.rim",
            "has a name that is not NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.rim",
        ),
        (
            "big_model-1.2-b-py3-none-any.rim",
            "has a name that is not NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.rim",
        ),
        ("../" + RIM, "has a name with characters that wheel names cannot have"),
        ("bïg_model-1.2-py3-none-any.rim", "has a name with characters that wheel names cannot have"),
        (RIM.replace("any", "a" * 255), "has a name of more than 255 characters"),
    ],
)
def test_bad_file_name(filename: str, fault: str) -> None:
    """A name that no wheel has is a fault, and the rest is judged all the same."""
    assert faults(rims.rim(size=0), filename) == [fault, "EXTERNAL-HOSTING.json: size must be positive"]


# The archive


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is not a zip archive, or is cut off"),
        (b"<!DOCTYPE html>" * 10, "is not a zip archive, or is cut off"),
        (rims.rim()[:-30], "is not a zip archive, or is cut off"),
        (rims.rim()[:-2] + b"\x01\x00", "is not a zip archive, or is cut off"),
        (rims.rim() + b"x", "has a comment or other data after the zip archive"),
        (
            rims.archive(rims.entries(rims.files()), comment=b"hello"),
            "has a comment or other data after the zip archive",
        ),
        (b"#!/bin/sh\n" + rims.rim(), "has data before the zip archive"),
        (b"x" * (4 * MIB + 1), "is larger than 4 MiB"),
        (rims.archive([], end={"count": 0xFFFF}), "is a ZIP64 archive, which no file of its size has to be"),
        (rims.archive([], end={"disk": 1}), "is a part of a multi-part zip archive"),
        (rims.archive([], end={"here": 1}), "is a part of a multi-part zip archive"),
        (rims.archive([], end={"offset": 99}), "is not a zip archive, or is cut off"),
        (rims.archive([]), "has no NAME-VERSION.dist-info directory"),
        (
            rims.archive([], end={"here": 3, "count": 3}),
            "has a zip directory that is broken after 0 of 3 entries",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_archive(data: bytes, fault: str) -> None:
    """What is not exactly one zip archive is refused before anything in it is looked at."""
    assert faults(data) == [fault]


def test_an_archive_of_4_mib_is_not_too_large() -> None:
    """The limit itself is allowed."""
    room = 4 * MIB - len(rims.rim({"padding": b""}))
    assert len(read(rims.rim({"padding": bytes(room)}), RIM).files["padding"]) == room
    assert faults(rims.rim({"padding": bytes(room + 1)})) == ["is larger than 4 MiB"]


def test_path_that_is_too_long() -> None:
    """500 characters are allowed."""
    path = inside("a" * 500)
    assert read(with_entries(Entry(path[:500])), RIM)
    assert faults(with_entries(Entry(path[:501]))) == [
        f'"{path[:255]}..." has a path of more than 500 characters'
    ]


def test_long_paths_are_judged_in_no_time() -> None:
    """Also if there are many, each of ten thousands of directories."""
    deep = [Entry(inside("a/" * 30_000 + str(n)), central={"extra": b""}) for n in range(30)]
    started = time.perf_counter()
    assert len(faults(with_entries(*deep))) == 30
    assert time.perf_counter() - started < 5


def test_too_many_entries() -> None:
    """1,000 are allowed."""
    more = {f"licenses/{number}": b"" for number in range(996)}
    assert len(read(rims.rim(more), RIM).files) == 999
    assert faults(rims.rim({**more, "one": b""})) == ["has 1,001 entries; 1,000 are allowed"]


def test_directory_with_fewer_entries_than_it_has() -> None:
    """An entry that only some programs see is refused."""
    members = rims.entries(rims.files(), Entry("evil.py", b"evil"))
    data = rims.archive(members, end={"here": 4, "count": 4})
    assert faults(data)[0] == "has a zip directory that does not end after its 4 entries"


def test_bomb_by_size() -> None:
    """Unpacked sizes are counted and not believed: 40 MiB in entries that claim a byte each."""
    content = b"".join(hashlib.sha256(bytes([n % 256])).digest() * 64 for n in range(4096))  # 8 MiB, 15 to 1
    bombs = [Entry(inside(f"bomb-{n}"), content, DEFLATED) for n in range(5)]
    assert faults(with_entries(*bombs)) == ["unpacks to more than 32 MiB"]
    lying = [
        Entry(inside(f"bomb-{n}"), content, DEFLATED, central={"unpacked": 1}, local={"unpacked": 1})
        for n in range(4)
    ]
    told = [f'"{inside(f"bomb-{n}")}" unpacks to 8,388,608 bytes and declares 1' for n in range(3)]
    assert faults(with_entries(*lying)) == [*told, "unpacks to more than 32 MiB"]


def test_bomb_by_ratio() -> None:
    """1,000 to 1 is what deflate can do and no METADATA does; little files may."""
    bomb = Entry(inside("bomb"), bytes(10 * MIB), DEFLATED)
    assert faults(with_entries(bomb)) == [
        f'"{inside("bomb")}" unpacks to more than 100 times its packed size'
    ]
    assert read(with_entries(Entry(inside("small"), bytes(64 * 1024), DEFLATED)), RIM).files["small"]


def test_bomb_does_not_blow_up() -> None:
    """A bomb of 256 MiB in the place of the JSON takes little memory."""
    members = rims.entries(rims.files({"EXTERNAL-HOSTING.json": None}))
    members.append(Entry(HOSTING, b"x", DEFLATED, packed=rims.deflate(bytes(256 * MIB))))
    tracemalloc.start()
    try:
        assert faults(rims.archive(members)) == [
            f'"{HOSTING}" unpacks to more than 100 times its packed size'
        ]
        assert tracemalloc.get_traced_memory()[1] < 100 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (Entry("/etc/passwd"), "has an absolute path"),
        (Entry("C:/Windows/x"), "has an absolute path"),
        (Entry("\\\\host\\x"), "has a backslash in its path"),
        (Entry(inside("..\\x")), "has a backslash in its path"),
        (Entry(inside("../evil.py")), "has '..' in its path"),
        (Entry(inside("a//b")), "has an empty part or '.' in its path"),
        (Entry(inside("./b")), "has an empty part or '.' in its path"),
        (Entry(""), "has an empty part or '.' in its path"),
        (Entry(inside("a\0b")), "has characters in its path that cannot be printed"),
        (Entry(inside("a\u202eb"), flags=0x0800), "has characters in its path that cannot be printed"),
        (Entry(inside("é")), "has a name that is neither ASCII nor marked UTF-8"),
        (
            Entry(inside("x").encode() + b"\xff", flags=0x0800),
            "has a name that is neither ASCII nor marked UTF-8",
        ),
        (Entry(inside("link"), b"/etc/passwd", mode=0o120777), "is a symbolic link"),
        (Entry(inside("pipe"), mode=0o010644), "is not a regular file"),
        (Entry(inside("file"), mode=0o040755), "is not a regular file"),
        (Entry(inside("directory/"), b"x", mode=0o040755), "is a directory with content"),
        (Entry(inside("secret"), b"x", flags=0x0001), "is encrypted"),
        (Entry(inside("secret"), b"x", flags=0x0041), "is encrypted"),
        (Entry(inside("secret"), b"x", flags=0x2000), "is encrypted"),
        (Entry(inside("patch"), b"x", flags=0x0020), "uses a feature of zip that is not known here"),
        (Entry(inside("x"), b"x", central={"needed": 64}), "uses a feature of zip that is not known here"),
        (
            Entry(inside("x"), b"x", 12),
            "is packed with method 12; only stored (0) and deflated (8) are allowed",
        ),
        (
            Entry(inside("x"), b"x", 99),
            "is packed with method 99; only stored (0) and deflated (8) are allowed",
        ),
        (
            Entry(inside("x"), b"x", central={"unpacked": 2}, local={"unpacked": 2}),
            "is stored and declares two sizes",
        ),
        (Entry(inside("x"), b"x", central={"crc": 1}, local={"crc": 1}), "is broken: its checksum is wrong"),
        (
            Entry(inside("x"), b"xyz", DEFLATED, packed=b"\xff\xff"),
            "is broken: its packed bytes are not a deflate stream",
        ),
        (
            Entry(inside("x"), b"xyz", DEFLATED, packed=rims.deflate(b"xyz") + b"more"),
            "is broken: its packed bytes do not end where they should",
        ),
        (
            Entry(inside("x"), b"xyz", DEFLATED, packed=rims.deflate(b"xyz")[:-1]),
            "is broken: its packed bytes do not end where they should",
        ),
        (
            Entry(inside("x"), b"x", central={"extra": struct.pack("<2HQ", 1, 8, 1)}),
            "is a ZIP64 entry, which no file of its size has to be",
        ),
        (
            Entry(inside("x"), b"x", local={"extra": struct.pack("<2HQ", 1, 8, 1), "flags": 0}),
            "is a ZIP64 entry, which no file of its size has to be",
        ),
        (Entry(inside("x"), b"x", central={"extra": struct.pack("<2H", 0x7075, 0)}), "has a second name"),
        (Entry(inside("x"), b"x", central={"extra": b"abc"}), "has a broken extra field"),
        (Entry(inside("x"), b"x", local={"method": 8}), "has a header that disagrees with the zip directory"),
        (Entry(inside("x"), b"x", local={"crc": 1}), "has a header that disagrees with the zip directory"),
        (
            Entry(inside("x"), b"x", local={"flags": 0x0800}),
            "has a header that disagrees with the zip directory",
        ),
        (Entry(inside("x"), b"x", local={"name": b"evil.py"}), 'is "evil.py" in its own header'),
        (Entry(inside("x"), b"x", flags=8), "has no data descriptor that agrees with the zip directory"),
        (
            Entry(inside("x"), b"x", flags=8, descriptor=b"PK\x07\x08" + bytes(12)),
            "has no data descriptor that agrees with the zip directory",
        ),
        (Entry(inside("x"), b"x", at=10**6), "has no header at its place"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_entry(entry: Entry, fault: str) -> None:
    """One bad entry among good ones is refused with its name and the reason."""
    name = entry.name.decode("utf-8", "backslashreplace") if isinstance(entry.name, bytes) else entry.name
    assert f"{json.dumps(name)} {fault}" in faults(with_entries(entry))


def test_the_name_that_is_judged_is_that_of_the_directory() -> None:
    """An extra field that gives another one is refused in the entry's own header too."""
    entry = Entry(inside("x"), b"x", local={"extra": struct.pack("<2H", 0x7075, 0)})
    assert faults(with_entries(entry)) == [f'"{inside("x")}" has a second name']


def test_bytes_that_belong_to_no_entry() -> None:
    """Hidden data is refused wherever it is."""
    hidden = Entry(inside("x"), before=b"hidden")
    assert faults(with_entries(hidden)) == [f'6 bytes before "{inside("x")}" belong to no entry']
    data = rims.archive(rims.entries(rims.files()), gap=b"hidden!")
    assert faults(data) == ["7 bytes before the zip directory belong to no entry"]
    data = rims.archive([Entry(inside("a"), before=b"MZ"), *rims.entries(rims.files())])
    assert faults(data) == [f'2 bytes before "{inside("a")}" belong to no entry']


def test_entries_that_overlap() -> None:
    """Two entries of the same bytes are refused: that is how bombs of no ratio are made."""
    nested = rims.archive([Entry(inside("inner"), b"x")])
    start = (
        len(rims.archive(rims.entries(rims.files())))
        - len(rims.archive([]))
        - sum(46 + len(path) for path in rims.files())
    )
    outer = Entry(inside("outer"), nested)
    inner = Entry(inside("inner"), b"x", at=start + 30 + len(inside("outer")))
    assert f'"{inside("inner")}" overlaps another entry' in faults(with_entries(outer, inner))
    same = Entry(METADATA, rims.metadata(), at=0)
    assert f'"{METADATA}" overlaps another entry' in faults(with_entries(same))


def test_entry_that_reaches_into_the_directory() -> None:
    """Its size is not believed."""
    entry = Entry(
        inside("x"),
        b"x",
        central={"packed": 9999, "unpacked": 9999},
        local={"packed": 9999, "unpacked": 9999},
    )
    assert faults(with_entries(entry)) == [f'"{inside("x")}" does not end before the zip directory']


def test_names_that_are_there_twice() -> None:
    """Exactly, or as a file system that ignores case or the form of letters sees them."""
    assert faults(with_entries(Entry(METADATA, rims.metadata()))) == [f'"{METADATA}" is there more than once']
    lower = METADATA.replace("METADATA", "metadata")
    same = "are the same name to some file systems"
    assert faults(with_entries(Entry(lower))) == [f'"{METADATA}" and "{lower}" {same}']
    composed, decomposed = Entry(inside("é"), flags=0x800), Entry(inside("e\u0301"), flags=0x800)
    assert faults(with_entries(composed, decomposed)) == [
        f'"{DIST_INFO}/\\u00e9" and "{DIST_INFO}/e\\u0301" {same}'
    ]
    assert faults(with_entries(Entry(f"{METADATA}/", mode=0))) == [f'"{METADATA}" and "{METADATA}/" {same}']
    assert faults(with_entries(Entry(f"{METADATA}/x"))) == [f'"{METADATA}/x" lies below a file']


# The .dist-info directory


def test_entries_outside_of_dist_info() -> None:
    """Code, data and scripts have no place in a .rim."""
    more = ("big_model.py", "big_model/__init__.py", "big_model-1.2.data/scripts/x", "x.dist-info")
    assert faults(with_entries(*map(Entry, more))) == [
        f'"{name}" is outside the .dist-info directory' for name in more
    ]


def test_two_dist_info_directories() -> None:
    """Which one is meant cannot be told."""
    assert faults(with_entries(Entry("other-1.dist-info/METADATA"))) == [
        f'has 2 .dist-info directories: "{DIST_INFO}", "other-1.dist-info"'
    ]


@pytest.mark.parametrize("name", ["other-1.2", "big_model-1.3", "big_model", "big_model-x", "-1.2"])
def test_dist_info_of_another_project(name: str) -> None:
    """The directory agrees with the file name."""
    contents = {path.replace("big_model-1.2", name): content for path, content in rims.files().items()}
    assert faults(rims.archive(rims.entries(contents))) == [
        f'"{name}.dist-info" does not agree with the file name: big-model 1.2'
    ]


@pytest.mark.parametrize("missing", ["METADATA", "EXTERNAL-HOSTING.json"])
def test_what_must_be_there(missing: str) -> None:
    """The two files without which a .rim is of no use."""
    assert faults(rims.rim({missing: None})) == [f'has no {missing} in "{DIST_INFO}"']
    elsewhere = {missing: None, f"sub/{missing}": rims.files()[inside(missing)]}
    assert faults(rims.rim(elsewhere)) == [f'has no {missing} in "{DIST_INFO}"']


# METADATA


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ["no field Metadata-Version", "no field Name", "no field Version"]),
        (b"\xff", ["not UTF-8"]),
        (rims.metadata("other"), ['Name "other" does not agree with the file name: big-model']),
        (rims.metadata("big model"), ['Name "big model" is not a project name']),
        (rims.metadata(version="1.3"), ['Version "1.3" does not agree with the file name: 1.2']),
        (rims.metadata(version="new"), ['Version "new" is not a version']),
        (rims.metadata(version="1" * 5000), [f'Version "{"1" * 255}..." is not a version']),
        (rims.metadata("big-model", "1.2", "Name: big-model"), ["2 fields Name"]),
        (rims.metadata("big-model", "1.2", "VERSION: 1.3"), ["2 fields Version"]),
        (b"\n" + rims.metadata(), ["no field Metadata-Version", "no field Name", "no field Version"]),
        (rims.metadata().replace(b"2.1", b"two"), ['Metadata-Version "two" is not of the form 2.1']),
    ],
)
def test_bad_metadata(content: bytes, expected: list[str]) -> None:
    """A resolver could not go by it."""
    assert faults(rims.rim({"METADATA": content})) == [f"METADATA: {fault}" for fault in expected]


def test_endless_metadata() -> None:
    """A description is not that long, and each line could be a field."""
    lines = b"".join(b"X: %s\n" % hashlib.sha256(b"%d" % n).hexdigest().encode() for n in range(63_000))
    contents = rims.files({"METADATA": rims.metadata() + lines})
    assert faults(rims.archive(rims.entries(contents, method=DEFLATED))) == ["METADATA: over 4 MiB"]


# EXTERNAL-HOSTING.json


def json_faults(content: bytes | str) -> list[str]:
    data = content.encode() if isinstance(content, str) else content
    found = faults(rims.rim({"EXTERNAL-HOSTING.json": data}))
    assert all(fault.startswith("EXTERNAL-HOSTING.json: ") for fault in found)
    return [fault.partition(": ")[2] for fault in found]


def value_faults(**values: Any) -> list[str]:
    return json_faults(json.dumps({**rims.hosting(), **values}))


NO_KEYS = ["no version", "no owner", "no uri", "no size", "no hashes"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xfe{\x00}\x00", ["not UTF-8"]),
        ("[]", ["must be an object, not an array"]),
        ("null", ["must be an object, not null"]),
        ('"1.0"', ["must be an object, not a string"]),
        ("{}", NO_KEYS),
        ('{"size": NaN}', ["not JSON: NaN is not a JSON number"]),
        ('{"size": -Infinity}', ["not JSON: -Infinity is not a JSON number"]),
        ('{"size": ' + "9" * 30000 + "}", ["not JSON: a number of more than 19 digits"]),
        (" " * 65537, ["over 64 KiB"]),
    ],
)
def test_bad_json(content: bytes | str, expected: list[str]) -> None:
    """Only a small JSON object in UTF-8, and of that no dialect."""
    assert json_faults(content) == expected


@pytest.mark.parametrize("content", ["", "{", "{'a': 1}", '{"a": 1} x', "\ufeff{}", "{,}", "[" * 60000])
def test_no_json(content: str) -> None:
    """What the parser says is passed on; too much nesting is no crash."""
    (fault,) = json_faults(content)
    assert fault.startswith("not JSON: ") or fault == "nested too deeply"


def test_keys_that_are_there_twice() -> None:
    """Programs differ in which one they take."""
    good = json.dumps(rims.hosting())
    assert (
        json_faults(good[:-1] + ', "uri": "https://evil.example/x.whl", "uri": 1}')[0]
        == '"uri" is there more than once'
    )
    twice = good.replace('"sha256":', f'"sha256": "{"cd" * 32}", "sha256":')
    assert json_faults(twice) == ['"sha256" is there more than once']


def test_many_keys_are_judged_in_no_time() -> None:
    """Even 64 KiB of them."""
    started = time.perf_counter()
    assert len(json_faults("{" + ",".join(f'"{n:x}":1' for n in range(6000)) + "}")) == 6005
    assert time.perf_counter() - started < 5


def test_unknown_keys() -> None:
    """Version 1.0 has six keys: another one is a fault, as it would be in a table."""
    assert value_faults(mirrors=[]) == ['"mirrors" is not a key of version 1.0']


@pytest.mark.parametrize("key", ["version", "owner", "uri", "size", "hashes"])
def test_missing_keys(key: str) -> None:
    """Each but support has to be there."""
    assert json_faults(json.dumps(rims.hosting(**{key: None}))) == [f"no {key}"]


@pytest.mark.parametrize("text", ['"1.0"', "1.0", "1.00"])
def test_version(text: str) -> None:
    """The string, or the number with a fraction."""
    content = json.dumps(rims.hosting()).replace('"1.0"', text)
    assert read(rims.rim({"EXTERNAL-HOSTING.json": content.encode()}), RIM).owner == "acme"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('"2.0"', '"2.0"'), ("2.0", "2.0"), ('"1"', '"1"'), ("1", "1"), ("true", "true"), ("null", "null"),
        ("[1.0]", "[1.0]"), ('"1.1"', '"1.1"'),
    ],
)  # fmt: skip
def test_wrong_version(text: str, shown: str) -> None:
    """Nothing that another program could take for another version; True is not 1."""
    content = json.dumps(rims.hosting()).replace('"1.0"', text)
    assert json_faults(content) == [f'version is {shown}; only "1.0" and 1.0 are known']


@pytest.mark.parametrize("key", ["owner", "support"])
@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (1, "must be a string, not a number"),
        (None, "must be a string, not null"),
        (["acme"], "must be a string, not an array"),
        ("", "must not be empty"),
        (" \t", "must not be empty"),
        ("x" * 501, "has more than 500 characters"),
        ("ac\nme", '"ac\\nme" has characters that cannot be printed'),
        ("ac\x1b[2Jme", '"ac\\u001b[2Jme" has characters that cannot be printed'),
        ("ac\u202eme", '"ac\\u202eme" has characters that cannot be printed'),
        ("ac\ud800me", '"ac\\ud800me" has characters that cannot be printed'),
    ],
)
def test_bad_text(key: str, value: object, fault: str) -> None:
    """Owner and support contact are shown to users, so they are text that can be."""
    assert value_faults(**{key: value}) == [f"{key} {fault}"]


TWO_SLASHES = "has a path that begins with two slashes, which some programs read as another host: write one"


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (1, ["must be a string, not a number"]),
        (
            "",
            ['must be https: ""', f'must end in the file name {WHEEL}: ""'],
        ),
        (f"http://cdn.example/{WHEEL}", [f'must be https: "http://cdn.example/{WHEEL}"']),
        (f"ftp://cdn.example/{WHEEL}", [f'must be https: "ftp://cdn.example/{WHEEL}"']),
        (f"//cdn.example/{WHEEL}", [f'must be https: "//cdn.example/{WHEEL}"']),
        (WHEEL, [f'must be https: "{WHEEL}"']),
        (
            f"https://me:pass@cdn.example/{WHEEL}",
            [f'must not carry credentials: "https://****@cdn.example/{WHEEL}"'],
        ),
        (
            f"https://token@cdn.example/{WHEEL}",
            [f'must not carry credentials: "https://****@cdn.example/{WHEEL}"'],
        ),
        (f"{URI}#sha256=0", [f'must not have a fragment: "{URI}"']),
        (f"{URI}#", [f'must not have a fragment: "{URI}"']),
        (f"https:///{WHEEL}", [f'has no valid host and port: "https:///{WHEEL}"']),
        (
            f"https://cdn.example//evil.example/{WHEEL}",
            [f'{TWO_SLASHES}: "https://cdn.example//evil.example/{WHEEL}"'],
        ),
        (f"https://*/{WHEEL}", [f'has no valid host and port: "https://*/{WHEEL}"']),
        (f"https://cdn.example:0/{WHEEL}", [f'has no valid host and port: "https://cdn.example:0/{WHEEL}"']),
        (
            f"https://cdn.example:x/{WHEEL}",
            [f'cannot be read as a URL: "https://cdn.example:x/{WHEEL}"'],
        ),
        (f"https://[::1/{WHEEL}", ['cannot be read as a URL: "<ambiguous URL>"']),
        (f"https://cdn.example/%ff/{WHEEL}", ["cannot be read"]),
        (f"https://cdn.example/a b/{WHEEL}", ["has characters that must be percent-encoded"]),
        (f"https://cdn.example/a\\b/{WHEEL}", ["has characters that must be percent-encoded"]),
        (f"https://cdn.example/é/{WHEEL}", ["has characters that must be percent-encoded"]),
        (f"https://cdn.example/\n{WHEEL}", ["has characters that must be percent-encoded"]),
        ("https://cdn.example/" + "x" * 8000, ["has more than 8,000 characters"]),
        (
            f"https://cdn.example/a/../{WHEEL}",
            [f"has '.', '..' or control characters in its path: \"https://cdn.example/a/../{WHEEL}\""],
        ),
        (
            f"https://cdn.example/%2e%2E%2f{WHEEL}",
            [
                f"has '.', '..' or control characters in its path: \"https://cdn.example/%2e%2E%2f{WHEEL}\"",
                f'must end in the file name {WHEEL}: "https://cdn.example/%2e%2E%2f{WHEEL}"',
            ],
        ),
        (
            f"https://cdn.example/%00/{WHEEL}",
            [f"has '.', '..' or control characters in its path: \"https://cdn.example/%00/{WHEEL}\""],
        ),
        (
            "https://cdn.example/other-1.2-py3-none-any.whl",
            [f'must end in the file name {WHEEL}: "https://cdn.example/other-1.2-py3-none-any.whl"'],
        ),
        (f"{URI}/", [f'must end in the file name {WHEEL}: "{URI}/"']),
        (
            f"https://cdn.example/x?file={WHEEL}",
            [f'must end in the file name {WHEEL}: "https://cdn.example/x?****"'],
        ),
        ("https://me:pass@[::1", ['cannot be read as a URL: "<ambiguous URL>"']),
    ],
)
def test_bad_uri(uri: object, expected: list[str]) -> None:
    """Only https, no secrets, no tricks with paths, the wheel's file name; no fault shows a secret."""
    found = value_faults(uri=uri)
    assert found == [f"uri {fault}" for fault in expected]
    assert "pass" not in str(found)
    assert "token" not in str(found)


@pytest.mark.parametrize(
    "uri",
    [
        f"HTTPS://CDN.example:8443/w/{WHEEL}?X-Amz-Signature=abc&x=1",
        f"https://[::1]/{WHEEL}",
        f"https://gitlab.example/api/v4/projects/group%2Fproject/{WHEEL}",
        "https://cdn.example/big%5Fmodel-1.2-py3-none-any%2ewhl",
        f"https://cdn.example/a%20b/%C3%A9/{WHEEL}",
    ],
)
def test_good_uri(uri: str) -> None:
    """Ports, signed URLs, addresses, encoded slashes in directories."""
    assert read(rims.rim(uri=uri), RIM).uri == uri


@pytest.mark.parametrize(
    ("size", "fault"),
    [
        (0, "size must be positive"),
        (-1, "size must be positive"),
        (True, "size must be an integer, not a boolean"),
        ("913", "size must be an integer, not a string"),
        (913.0, "size must be an integer, not 913.0"),
        (None, "size must be an integer, not null"),
        ([913], "size must be an integer, not an array"),
        ({}, "size must be an integer, not an object"),
    ],
)
def test_bad_size(size: object, fault: str) -> None:
    """A positive integer and nothing that merely looks like one."""
    assert value_faults(size=size) == [fault]


NONE_STRONG = "hashes has none of sha256, sha384, sha512"


@pytest.mark.parametrize(
    ("hashes", "expected"),
    [
        ([], ["hashes must be an object, not an array"]),
        (None, ["hashes must be an object, not null"]),
        ("sha256=" + rims.SHA256, ["hashes must be an object, not a string"]),
        ({}, [NONE_STRONG]),
        ({"md5": "ab" * 16}, [NONE_STRONG]),
        ({"blake2b": "ab" * 64, "sha1": "ab" * 20}, [NONE_STRONG]),
        ({"sha-256": rims.SHA256}, [NONE_STRONG]),
        ({"sha256": 1}, ['the "sha256" digest must be a string, not a number']),
        ({"sha256": "ab"}, ["the sha256 digest is not 64 hexadecimal digits"]),
        ({"sha256": "xy" * 32}, ["the sha256 digest is not 64 hexadecimal digits"]),
        ({"sha256": "\u0661" * 64}, ["the sha256 digest is not 64 hexadecimal digits"]),
        ({"sha256": rims.SHA256, "md5": "ab"}, ["the md5 digest is not 32 hexadecimal digits"]),
        ({"sha256": rims.SHA256, "SHA256": rims.SHA256}, ['hashes has "sha256" more than once']),
        ({"sha256": rims.SHA256, "future": None}, ['the "future" digest must be a string, not null']),
    ],
)
def test_bad_hashes(hashes: object, expected: list[str]) -> None:
    """One strong digest of the right form, and no bad one beside it."""
    assert value_faults(hashes=hashes) == expected


def test_hashes_are_normalised() -> None:
    """Case does not matter, weak ones are kept for checking, unknown ones are passed over."""
    hashes = {"SHA512": "AB" * 64, "md5": "AB" * 16, "shake_128": "ab", "future": "?"}
    found = read(rims.rim(hashes=hashes), RIM)
    assert found.hashes == {"sha512": "ab" * 64, "md5": "ab" * 16}
    assert found.strong_hashes == {"sha512": "ab" * 64}


# Agreement with the wheel


def agreement(theirs: bytes, ours: bytes | None = None) -> str | None:
    return agrees(read(rims.rim({"METADATA": ours or rims.metadata()}), RIM), theirs)


def test_the_same_metadata_agrees() -> None:
    """Byte for byte."""
    assert agreement(rims.metadata()) is None


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        (
            rims.metadata("big-model", "1.2", "Summary: x", "Requires-Dist: evil"),
            'Requires-Dist is absent in the .rim and "evil" in the wheel',
        ),
        (rims.metadata(version="1.3"), 'Version is "1.2" in the .rim and "1.3" in the wheel'),
        (
            rims.metadata("big-model", "1.2", "Summary: x"),
            'summary is absent in the .rim and "x" in the wheel',
        ),
        (
            rims.metadata() + b"\nText",
            "the METADATA in the .rim and in the wheel differ, although every field agrees",
        ),
        (b"\xff", "the METADATA in the .rim and in the wheel differ, and one of them is not UTF-8"),
    ],
)
def test_other_metadata_does_not_agree(theirs: bytes, reason: str) -> None:
    """What a resolver goes by is named first."""
    assert agreement(theirs) == reason


def test_only_what_differs_is_shown() -> None:
    """Of many requirements the ones that the other side lacks."""
    ours = rims.metadata("big-model", "1.2", "Requires-Dist: same", "Requires-Dist: a")
    theirs = rims.metadata(
        "big-model", "1.2", "Requires-Dist: same", *(f"Requires-Dist: b{n}" for n in range(5))
    )
    assert agreement(theirs, ours) == (
        'Requires-Dist is "a" in the .rim and "b0", "b1", "b2" and 2 more in the wheel'
    )


# The stub


def test_the_stub_has_only_the_metadata() -> None:
    """A wheel to any zip reader, without the file that makes a .rim one."""
    found = read(rims.rim({"entry_points.txt": b""}), RIM)
    with zipfile.ZipFile(io.BytesIO(stub_wheel(found))) as archive:
        assert sorted(archive.namelist()) == sorted(inside(path) for path in found.files)
        assert archive.read(METADATA) == found.metadata


def test_the_stub_has_a_wheel_file() -> None:
    """Older pips want one."""
    found = read(rims.rim({"WHEEL": None}), RIM)
    with zipfile.ZipFile(io.BytesIO(stub_wheel(found))) as archive:
        assert archive.read(inside("WHEEL")) == (
            b"Wheel-Version: 1.0\nGenerator: rim-router\nRoot-Is-Purelib: false\nTag: py3-none-any\n"
        )


# Dismounting


ARTIFACT = wheel("big-model", "1.2", origin="tests", requires=["torch"])


def dismounted(data: bytes = ARTIFACT.data, filename: str = WHEEL, **changes: Any) -> bytes:
    arguments = {"uri": URI, "owner": "acme", "support": "help@acme.example", **changes}
    return dismount(io.BytesIO(data), filename, **arguments)


def dismount_faults(data: bytes = ARTIFACT.data, filename: str = WHEEL, **changes: Any) -> list[str]:
    with pytest.raises(DismountError) as caught:
        dismounted(data, filename, **changes)
    return list(caught.value.faults)


def test_dismounting() -> None:
    """The whole .dist-info as it is, and where the wheel is."""
    found = read(dismounted(), RIM)
    assert (found.owner, found.uri, found.support) == ("acme", URI, "help@acme.example")
    assert found.size == len(ARTIFACT.data)
    assert found.hashes == {"sha256": ARTIFACT.digest()}
    assert found.metadata == ARTIFACT.metadata
    assert set(found.files) == {"METADATA", "WHEEL", "RECORD"}
    assert agrees(found, ARTIFACT.metadata) is None


# A change of this digest is a change of what publishers have recorded elsewhere.
REPRODUCED = "8f478e8d53200053b8b016822692c265a4df75daea43db463b9aa0235c4bf0dd"


def test_dismounting_is_reproducible() -> None:
    """The bytes do not depend on the time, the Python, the zlib or the order of the wheel's entries."""
    parts = {"WHEEL": b"Wheel-Version: 1.0\n", "RECORD": b"", "METADATA": rims.metadata()}
    contents = {inside(path): content for path, content in parts.items()}
    data = rims.archive(rims.entries(contents))
    assert hashlib.sha256(dismounted(data)).hexdigest() == REPRODUCED
    assert dismounted(data) == dismounted(data)


def test_dismounting_without_support() -> None:
    """The key is absent then."""
    data = dismounted(support=None)
    assert read(data, RIM).support is None
    assert b"support" not in data


def test_a_wheel_with_too_much_metadata_for_storing() -> None:
    """What compresses below the limit is compressed, the rest refused."""
    lines = b"".join(b"%s,%d\n" % (hashlib.sha256(b"%d" % n).hexdigest().encode(), n) for n in range(62_000))
    found = read(dismounted(a_wheel({"RECORD": lines})), RIM)
    assert found.files["RECORD"] == lines
    assert dismount_faults(a_wheel({"RECORD": b"", "noise": noise(5 * MIB)})) == ["is larger than 4 MiB"]


def noise(size: int) -> bytes:
    import random

    return random.Random(0).getrandbits(8 * size).to_bytes(size, "big")


def a_wheel(changes: Mapping[str, bytes | None], *more: Entry) -> bytes:
    """A wheel with other files in its .dist-info."""
    found: dict[str, bytes | None] = {"METADATA": rims.metadata(), "WHEEL": b"", "RECORD": b"", **changes}
    contents = {f"{DIST_INFO}/{path}": content for path, content in found.items() if content is not None}
    return rims.archive([*rims.entries({"big_model.py": b"", **contents}, method=DEFLATED), *more])


@pytest.mark.parametrize("missing", ["METADATA", "WHEEL", "RECORD"])
def test_a_wheel_without_what_each_wheel_has(missing: str) -> None:
    """It is no wheel."""
    assert dismount_faults(a_wheel({missing: None})) == [f'has no {missing} in "{DIST_INFO}"']


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (a_wheel({"EXTERNAL-HOSTING.json": b"{}"}), "has EXTERNAL-HOSTING.json already"),
        (
            a_wheel({}, Entry("other-1.dist-info/x")),
            f'has 2 .dist-info directories: "{DIST_INFO}", "other-1.dist-info"',
        ),
        (
            a_wheel({"METADATA": rims.metadata("other")}),
            'METADATA: Name "other" does not agree with the file name: big-model',
        ),
        (a_wheel({}, Entry(inside("x"), b"/", mode=0o120777)), f'"{inside("x")}" is a symbolic link'),
        (a_wheel({}, Entry(inside("../x"))), f"\"{inside('../x')}\" has '..' in its path"),
        (a_wheel({}, Entry(inside("x"), b"x", 12)), f'"{inside("x")}" is neither stored nor deflated'),
        (a_wheel({}, Entry(METADATA, rims.metadata())), f'"{METADATA}" is there more than once'),
        (
            a_wheel({"metadata": b""}),
            f'"{METADATA}" and "{inside("metadata")}" are the same name to some file systems',
        ),
        (
            a_wheel({}, Entry(inside("big"), bytes(33 * MIB), DEFLATED)),
            f'"{DIST_INFO}" unpacks to more than 32 MiB',
        ),
        (rims.archive([Entry("big_model.py")]), "has no NAME-VERSION.dist-info directory"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wheel_that_cannot_be_dismounted(data: bytes, fault: str) -> None:
    """What would not be accepted as a .rim is not written."""
    assert dismount_faults(data) == [fault]


@pytest.mark.parametrize("data", [b"", b"no wheel", ARTIFACT.data[:-50], ARTIFACT.data[100:]])
def test_what_is_no_wheel(data: bytes) -> None:
    """A file that is no zip archive, or a part of one."""
    assert any(fault.startswith("is not a wheel that can be read: ") for fault in dismount_faults(data))


def test_an_encrypted_wheel() -> None:
    """The library's own words are passed on."""
    (fault,) = dismount_faults(a_wheel({}, Entry(inside("x"), b"x", flags=1)))
    assert fault.startswith("is not a wheel that can be read: ")


def test_every_fault_of_a_wheel_at_once() -> None:
    """Those of the arguments too."""
    assert dismount_faults(
        a_wheel({"RECORD": None}), uri="http://x.example/y.whl", owner=" ", support="\n"
    ) == [
        'uri must be https: "http://x.example/y.whl"',
        f'uri must end in the file name {WHEEL}: "http://x.example/y.whl"',
        "owner must not be empty",
        "support must not be empty",
        f'has no RECORD in "{DIST_INFO}"',
    ]


def test_a_file_that_has_no_wheel_name() -> None:
    """Without a name there is nothing to agree with."""
    with pytest.raises(DismountError) as caught:
        dismounted(filename="big_model.whl")
    assert str(caught.value) == (
        "big_model.whl cannot be dismounted\n"
        "  note: has a name that is not NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl"
    )
    assert caught.value.reference == "cannot-dismount"


def test_hosting_is_written_the_same_way_each_time() -> None:
    """Keys in the order of the specification, digests sorted, in ASCII."""
    found = hosting.Hosting("Ac\u00e9", URI, 1, {"sha512": "b", "sha256": "a"})
    assert found.dump() == (
        b'{\n  "version": "1.0",\n  "owner": "Ac\\u00e9",\n  "uri": "' + URI.encode() + b'",\n  "size": 1,\n'
        b'  "hashes": {\n    "sha256": "a",\n    "sha512": "b"\n  }\n}\n'
    )
