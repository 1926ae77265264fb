"""Whatever ``dismount`` writes is read as what was written, and two readers never see two things."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rim_router.rim import DismountError, RimError, agrees, dismount, read, stub_wheel
from tests.support import rims
from tests.support.rims import DIST_INFO, RIM, WHEEL

texts = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=30)
owners = texts.filter(lambda text: text.isprintable() and bool(text.strip()))
parts = st.from_regex(r"[A-Za-z0-9_.~-]{1,8}", fullmatch=True).filter(lambda part: part not in (".", ".."))
uris = st.builds(
    lambda host, port, path, query: f"https://{host}.example{port}/{'/'.join([*path, WHEEL])}{query}",
    st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True),
    st.sampled_from(["", ":443", ":8443"]),
    st.lists(parts, max_size=3),
    st.sampled_from(["", "?signature=x&y=%2F"]),
)
names = st.lists(parts, min_size=1, max_size=3).map("/".join)
contents = st.dictionaries(names, st.binary(max_size=200), max_size=6)
methods = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])


def a_wheel(more: dict[str, bytes], method: int, lines: list[str]) -> tuple[bytes, dict[str, bytes]]:
    """A wheel as the standard library writes it, and what is in its ``.dist-info``."""
    known = {"metadata", "wheel", "record", "external-hosting.json"}
    files = {path: data for path, data in more.items() if path.split("/")[0].lower() not in known}
    files.update({"METADATA": rims.metadata("big-model", "1.2", *lines), "WHEEL": b"", "RECORD": b""})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("big_model/__init__.py", "")
        for path, data in files.items():
            archive.writestr(f"{DIST_INFO}/{path}", data)
    return buffer.getvalue(), files


@settings(deadline=None)  # it writes four archives, and machines can be busy
@given(uris, owners, st.none() | owners, contents, methods)
def test_what_is_written_is_read(
    uri: str, owner: str, support: str | None, more: dict[str, bytes], method: int
) -> None:
    """With the same values, and the same bytes when written again."""
    wheel, files = a_wheel(more, method, ["Requires-Dist: torch"])
    try:
        data = dismount(io.BytesIO(wheel), WHEEL, uri=uri, owner=owner, support=support)
    except DismountError as error:
        refused = error.faults
    else:
        refused = ()
    if refused:
        # Names that are one name to some file systems are in no .rim: nothing else is wrong with these.
        assert all("file systems" in fault or "lies below a file" in fault for fault in refused)
        return
    found = read(data, RIM)
    assert (found.uri, found.owner, found.support) == (uri, owner, support)
    assert (found.size, found.hashes) == (len(wheel), {"sha256": hashlib.sha256(wheel).hexdigest()})
    assert found.files == files
    assert agrees(found, files["METADATA"]) is None
    assert dismount(io.BytesIO(wheel), WHEEL, uri=uri, owner=owner, support=support) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == len(files) + 1
    with zipfile.ZipFile(io.BytesIO(stub_wheel(found))) as archive:
        assert {name.partition("/")[2]: archive.read(name) for name in archive.namelist()} == files


@given(st.binary(max_size=60))
def test_only_the_same_bytes_agree(more: bytes) -> None:
    """Any other METADATA has a reason why not."""
    found = read(rims.rim(), RIM)
    reason = agrees(found, rims.metadata() + more)
    assert (reason is None) == (more == b"")
    assert reason is None or reason.isprintable()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("key", ["version", "size", "hashes", "other"])
@given(value=values)
def test_no_value_of_any_type_slips_through(key: str, value: Any) -> None:
    """Only what the specification allows under a key is accepted."""
    content = json.dumps({**rims.hosting(), key: value}).encode()
    good = {
        "version": value == "1.0" or (type(value) is float and value == 1.0),
        "size": type(value) is int and 0 < value < 10**19,
        "hashes": False,
        "other": False,
    }[key]
    data = rims.rim({"EXTERNAL-HOSTING.json": content})
    if good:
        assert key != "size" or read(data, RIM).size == value
    else:
        with pytest.raises(RimError):
            read(data, RIM)
