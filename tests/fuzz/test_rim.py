"""Reading ``.rim`` files from strangers: whatever the bytes, an answer or a ``RimError``, soon.

Bounded in the normal run; ``nox -s fuzz`` tries 100,000 of each kind.
"""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
import zlib
from dataclasses import replace

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rim_router.rim import Rim, RimError, hosting, read, stub_wheel
from rim_router.rim.archive import MAX_UNPACKED
from rim_router.rules.digests import STRONG
from rim_router.rules.urls import Origin
from tests.support import rims
from tests.support.rims import DIST_INFO, RIM, Entry

thorough = settings(
    max_examples=int(os.environ.get("RIM_ROUTER_FUZZ_EXAMPLES", "300")),
    deadline=None,  # the first example of a run loads libraries
    suppress_health_check=[HealthCheck.too_slow],
)

SEEDS = [
    rims.rim(),
    rims.rim({"licenses/LICENSE": b"do what you want\n" * 40}),
    rims.archive(rims.entries(rims.files(), method=rims.DEFLATED)),
    rims.archive(
        [replace(entry, flags=0x0800) for entry in rims.entries(rims.files(), method=rims.DEFLATED)]
    ),
]


def judge(data: bytes, filename: str = RIM) -> Rim | None:
    """Read it; a sound one keeps every promise, an unsound one has reasons that can be shown."""
    try:
        found = read(data, filename)
    except RimError as error:
        faults = error.faults
    else:
        assert_sound(found, data)
        return found
    assert faults
    assert all(fault and fault.isprintable() and len(fault) < 2000 for fault in faults)
    return None


def assert_sound(found: Rim, data: bytes) -> None:
    """What was accepted is what it should be, also to another reader."""
    assert found.uri.lower().startswith("https://")
    assert "@" not in Origin.of(found.uri).netloc
    assert found.size > 0
    assert set(found.hashes).intersection(STRONG)
    assert found.owner.isprintable()
    assert sum(map(len, found.files.values())) <= MAX_UNPACKED
    assert all(".." not in path.split("/") and not path.startswith("/") for path in found.files)
    # The standard library's reader, which pip uses, sees exactly the same.
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        seen = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    own = {f"{found.dist_info}/{path}": content for path, content in found.files.items()}
    assert set(seen) - set(own) == {f"{found.dist_info}/{hosting.FILE}"}
    assert all(seen[path] == content for path, content in own.items())
    with zipfile.ZipFile(io.BytesIO(stub_wheel(found))) as archive:
        assert archive.read(f"{found.dist_info}/METADATA") == found.metadata


@thorough
@given(st.binary(max_size=400), st.text(max_size=40) | st.just(RIM))
@example(b"PK\x05\x06" + bytes(18), RIM)
@example(b"", "")
def test_any_bytes(data: bytes, filename: str) -> None:
    """Noise is refused."""
    assert judge(data, filename) is None


edits = st.lists(
    st.tuples(
        st.integers(0, 1 << 16),
        st.sampled_from(["set", "insert", "delete", "copy", "number"]),
        st.binary(min_size=1, max_size=6),
        st.integers(0, 1 << 16),
    ),
    min_size=1,
    max_size=6,
)
NUMBERS = (0, 1, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)


def edited(data: bytes, changes: list[tuple[int, str, bytes, int]]) -> bytes:
    """Some bytes set, inserted, deleted, copied from elsewhere, or made a number that is a limit."""
    work = bytearray(data)
    for where, what, piece, other in changes:
        at = where % (len(work) + 1)
        if what == "set":
            work[at : at + len(piece)] = piece
        elif what == "insert":
            work[at:at] = piece
        elif what == "delete":
            del work[at : at + len(piece)]
        elif what == "copy":
            start = other % (len(work) + 1)
            work[at : at + 46] = work[start : start + 46]
        else:
            work[at : at + 4] = NUMBERS[other % len(NUMBERS)].to_bytes(4, "little")
    return bytes(work)


@thorough
@given(st.sampled_from(SEEDS), edits)
def test_damaged_files(seed: bytes, changes: list[tuple[int, str, bytes, int]]) -> None:
    """Sound files with any bytes changed."""
    judge(edited(seed, changes))


pieces = st.sampled_from(
    [DIST_INFO, "METADATA", "metadata", "EXTERNAL-HOSTING.json", "..", ".", "", "x", "é", "\\", "C:", "a\0b"]
)
fields = st.dictionaries(
    st.sampled_from(["flags", "method", "crc", "packed", "unpacked", "offset"]),
    st.sampled_from([0, 1, 8, 9, 12, 0x0800, 0xFFFF]),
    max_size=2,
)
local_fields = fields.map(lambda lies: {key: lie for key, lie in lies.items() if key != "offset"})
members = st.builds(
    Entry,
    name=st.one_of(
        st.lists(pieces, min_size=1, max_size=4).map("/".join),
        st.lists(pieces, min_size=1, max_size=2).map(lambda path: f"{DIST_INFO}/{'/'.join(path)}"),
        st.binary(max_size=8),
    ),
    content=st.binary(max_size=20) | st.just(bytes(70_000)),
    method=st.sampled_from([rims.STORED, rims.DEFLATED, 12]),
    flags=st.sampled_from([0, 1, 8, 0x0800]),
    mode=st.sampled_from([0, rims.REGULAR, 0o120777, 0o040755]),
    central=st.just({}) | fields,
    local=st.just({}) | local_fields,
    packed=st.none() | st.binary(max_size=20),
    before=st.sampled_from([b"", b"PK\x03\x04", b"x"]),
    descriptor=st.none() | st.binary(max_size=16),
    at=st.none() | st.integers(0, 600),
)


@thorough
@given(st.lists(members, min_size=1, max_size=4), st.booleans(), st.sampled_from([b"", b"gap"]))
def test_hostile_archives(more: list[Entry], first: bool, gap: bytes) -> None:
    """Archives in which every number and name can be a lie."""
    sound = rims.entries(rims.files())
    found = judge(rims.archive([*more, *sound] if first else [*sound, *more], gap=gap))
    if found is not None:
        shapes = [unicodedata.normalize("NFKC", path).casefold() for path in found.files]
        assert len(set(shapes)) == len(shapes)
        assert not gap


snippets = st.sampled_from(
    [*'{}[]:," \\\x00é', "\\u0000", "\\ud800", "NaN", "-0", "1e999", "1.0", "9" * 25, "true", "null"]
    + [f'"{key}"' for key in ("uri", "hashes", "sha256", "version", "size")]
)
documents = st.lists(snippets, max_size=12).map("".join)


@thorough
@given(documents.map(str.encode) | st.binary(max_size=40))
def test_hostile_json(content: bytes) -> None:
    """Any bytes in the place of the JSON."""
    assert judge(rims.rim({hosting.FILE: content})) is None


@thorough
@given(st.integers(0, 600), documents)
def test_damaged_json(at: int, piece: str) -> None:
    """Anything inserted into sound JSON."""
    content = rims.files()[f"{DIST_INFO}/{hosting.FILE}"]
    at %= len(content) + 1
    judge(rims.rim({hosting.FILE: content[:at] + piece.encode() + content[at:]}))


@thorough
@given(st.text(max_size=60) | st.from_regex(r"https://[^\x00-\x20]{0,40}", fullmatch=True))
def test_hostile_uris(text: str) -> None:
    """Any text as the URI; with the right file name at its end too."""
    for uri in (text, text + rims.WHEEL, f"{text}/{rims.WHEEL}"):
        found = judge(rims.rim(uri=uri))
        if found is not None:
            # What is accepted leads to a wheel of that name, over https, wherever that is.
            origin = Origin.of(found.uri)
            assert origin.scheme == "https"
            assert origin.host


@thorough
@given(st.binary(max_size=80), st.booleans())
def test_hostile_metadata(content: bytes, appended: bool) -> None:
    """Any bytes as METADATA, or after sound ones."""
    judge(rims.rim({"METADATA": rims.metadata() + content if appended else content}))


@thorough
@given(st.binary(max_size=300))
def test_hostile_deflate_streams(stream: bytes) -> None:
    """Any bytes as a deflate stream, alone or after a sound one."""
    for packed in (stream, rims.deflate(b"x" * 100)[:-1] + stream):
        entry = Entry(f"{DIST_INFO}/x", b"x" * 100, rims.DEFLATED, packed=packed)
        found = judge(rims.archive(rims.entries(rims.files(), entry)))
        assert found is None or zlib.decompress(packed, -15) == b"x" * 100
