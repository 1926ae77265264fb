"""Index pages whose links lead to other hosts, and what a user writes about them: tables and pins."""

from __future__ import annotations

import hashlib
import html
import io
import json
import random
import zipfile
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.support import backend, rims
from tests.support.tables import FILE_NAME, as_toml, table
from tests.support.wheels import Artifact, normalise, wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from tests.support.environments import Result
    from tests.support.nginx import Site

HTML, JSON, FLAT = FORMS = ("html", "json", "flat")
PINS = "pylock.external.toml"


# Files


def digests(data: bytes, *algorithms: str) -> dict[str, str]:
    """The digests of some bytes, in the order asked for."""
    return {name: hashlib.new(name, data).hexdigest() for name in algorithms or ("sha256",)}


def large_wheel(name: str, version: str, *, origin: str, kilobytes: int = 400) -> Artifact:
    """A wheel that takes a client more than one read."""
    noise = random.Random(f"{name} {version} {origin}").randbytes(kilobytes * 1024)
    return wheel(name, version, origin=origin, extra_files={f"{normalise(name)}.bin": noise})


def flipped(data: bytes) -> bytes:
    """The same number of bytes, of which one is another."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]


def same_size(artifact: Artifact, size: int) -> Artifact:
    """The same wheel, made longer where a zip archive may have anything."""
    missing = size - len(artifact.data)
    buffer = io.BytesIO(artifact.data)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"." * missing
    assert len(buffer.getvalue()) == size
    return replace(artifact, data=buffer.getvalue())


def twins(name: str, version: str, **options: Any) -> tuple[Artifact, Artifact]:
    """The owner's wheel and an attacker's: the same file name and size, other bytes."""
    real = wheel(name, version, origin="owner", **options)
    evil = wheel(name, version, origin="attacker", **options)
    size = max(len(real.data), len(evil.data)) + 1
    return same_size(real, size), same_size(evil, size)


def trap(name: str, version: str, marker: Path) -> Artifact:
    """A source distribution that writes a file as soon as anything of it is run."""
    import gzip
    import tarfile

    code = f"import pathlib\npathlib.Path({str(marker)!r}).write_text('run')\nraise SystemExit(1)\n"
    members = {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "trap"\nbackend-path = ["."]\n',
        "trap.py": code,
        "setup.py": code,
    }
    stem = f"{normalise(name).replace('-', '_')}-{version}"
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped:  # noqa: SIM117
        with tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path, text in members.items():
                member = tarfile.TarInfo(f"{stem}/{path}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
    metadata = members["PKG-INFO"].encode()
    return Artifact(normalise(name), version, f"{stem}.tar.gz", buffer.getvalue(), metadata)


def with_metadata(artifact: Artifact, metadata: bytes) -> Artifact:
    """The same wheel with another METADATA."""
    files = {}
    with zipfile.ZipFile(io.BytesIO(artifact.data)) as archive:
        for path in archive.namelist():
            if not path.endswith("/RECORD"):
                files[path] = archive.read(path)
    dist_info = next(path.split("/")[0] for path in files if path.endswith(".dist-info/METADATA"))
    files[f"{dist_info}/METADATA"] = metadata
    buffer = io.BytesIO()
    backend.write_wheel(buffer, dist_info, files)
    return replace(artifact, data=buffer.getvalue(), metadata=metadata)


def rim_of(
    artifact: Artifact,
    url: str,
    *,
    files: Mapping[str, bytes | None] | None = None,
    extra: Iterable[rims.Entry] = (),
    **values: Any,
) -> Artifact:
    """The ``.rim`` that stands for a wheel; not the product's writer, which the tests are to judge.

    :param files: further files or other contents, by path below ``.dist-info``; None leaves one out.
    :param extra: further entries of the archive.
    :param values: of EXTERNAL-HOSTING.json that are not as they should be; None leaves one out.
    """
    with zipfile.ZipFile(io.BytesIO(artifact.data)) as archive:
        inside = {path: archive.read(path) for path in archive.namelist() if ".dist-info/" in path}
    dist_info = next(iter(inside)).split("/")[0]
    sound = {"uri": url, "size": len(artifact.data), "hashes": digests(artifact.data)}
    hosting = rims.hosting(**{**sound, **values})
    contents: dict[str, bytes | None] = {
        **inside,
        f"{dist_info}/EXTERNAL-HOSTING.json": json.dumps(hosting).encode(),
    }
    contents.update({f"{dist_info}/{path}": content for path, content in (files or {}).items()})
    kept = {path: content for path, content in contents.items() if content is not None}
    data = rims.archive(rims.entries(kept, *extra))
    filename = f"{artifact.filename[: -len('.whl')]}.rim"
    return replace(artifact, filename=filename, data=data)


# Pages


@dataclass(frozen=True)
class Link:
    """A file as a page shows it.

    :param url: as it is written there: absolute or relative, quoted.
    :param hashes: in the order of the page; HTML can show only the first.
    :param core_metadata: PEP 658: True announces it without a digest, digests with them.
    """

    filename: str
    url: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    core_metadata: Mapping[str, str] | bool = False
    yanked: bool | str = False
    requires_python: str | None = None
    size: int | None = None

    def as_json(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"filename": self.filename, "url": self.url, "hashes": dict(self.hashes)}
        if self.core_metadata:
            told = self.core_metadata if self.core_metadata is True else dict(self.core_metadata)
            entry["core-metadata"] = entry["dist-info-metadata"] = told
        if self.yanked:
            entry["yanked"] = self.yanked
        if self.requires_python is not None:
            entry["requires-python"] = self.requires_python
        if self.size is not None:
            entry["size"] = self.size
        return entry

    def as_html(self) -> str:
        first = next(iter(self.hashes.items()), None)
        attributes = {"href": self.url if first is None else f"{self.url}#{'='.join(first)}"}
        if self.core_metadata:
            told = "true" if self.core_metadata is True else "=".join(next(iter(self.core_metadata.items())))
            attributes["data-dist-info-metadata"] = attributes["data-core-metadata"] = told
        if self.yanked:
            attributes["data-yanked"] = self.yanked if isinstance(self.yanked, str) else ""
        if self.requires_python is not None:
            attributes["data-requires-python"] = self.requires_python
        shown = " ".join(f'{key}="{html.escape(value)}"' for key, value in attributes.items())
        return f"<a {shown}>{html.escape(self.filename)}</a><br/>"


class Index:
    """The pages of an index at a host: HTML or JSON, a page for each project; or one flat page.

    :param path: below which the pages are.
    """

    def __init__(self, site: Site, form: str = HTML, path: str = "/simple/") -> None:
        self.site = site
        self.form = form
        self.path = path
        self.namespaces: dict[str, list[dict[str, Any]]] = {}
        self._links: dict[str, list[Link]] = {}

    @property
    def url(self) -> str:
        """The URL for a table, and for ``--index-url`` or ``--find-links``."""
        return self.site.url(self.path)

    def page_path(self, project: str) -> str:
        """Where a project's page is."""
        return self.path if self.form == FLAT else f"{self.path}{normalise(project)}/"

    def page_url(self, project: str) -> str:
        """The URL of a project's page."""
        return self.site.url(self.page_path(project))

    @property
    def plain_options(self) -> list[str]:
        """What makes plain pip use the index."""
        return ["--no-index", "--find-links", self.url] if self.form == FLAT else ["--index-url", self.url]

    def entry(self, **options: Any) -> dict[str, Any]:
        """The index as a table has it; underscores in the options stand for hyphens."""
        entry = {"url": self.url, **{key.replace("_", "-"): value for key, value in options.items()}}
        if self.form == FLAT:
            entry["format"] = "flat"
        return {key: value for key, value in entry.items() if value not in ([], None)}

    def show(
        self,
        artifact: Artifact,
        url: str,
        *,
        hashes: Sequence[str] | dict[str, str] = (),
        core_metadata: Mapping[str, str] | bool = False,
        yanked: bool | str = False,
        size: int | None = None,
    ) -> None:
        """Show a file on its project's page.

        :param hashes: algorithms, whose digests are the file's own, or what the page says instead.
        """
        told = hashes if isinstance(hashes, dict) else {each: artifact.digest(each) for each in hashes}
        requires_python = artifact.requires_python
        link = Link(artifact.filename, url, told, core_metadata, yanked, requires_python, size)
        self.show_links(artifact.project, [link])

    def show_links(self, project: str, links: Iterable[Link]) -> None:
        """Show many files."""
        self._links.setdefault(project, []).extend(links)
        self._write()

    def clear(self, project: str | None = None) -> None:
        """Show nothing any more, of one project or of all."""
        for each in list(self._links) if project is None else [project]:
            self._links[each] = []
        self._write()

    def place(self, artifact: Artifact, **options: Any) -> str:
        """Show a file that the index itself has, by a relative link; returns its URL."""
        path = f"{self.path}{quote(artifact.project)}/{artifact.filename}"
        self.site.put(path, artifact.data)
        relative = quote(artifact.filename)
        self.show(artifact, f"{artifact.project}/{relative}" if self.form == FLAT else relative, **options)
        return self.site.url(path)

    def _write(self) -> None:
        if self.form == FLAT:
            self._write_page(self.path, "files", [link for each in self._links.values() for link in each])
        for project, links in self._links.items():
            if self.form != FLAT:
                self._write_page(f"{self.path}{project}/", project, links)

    def _write_page(self, path: str, title: str, links: list[Link]) -> None:
        if self.form == JSON:
            meta = {"api-version": "1.5" if self.namespaces else "1.0"}
            page: dict[str, Any] = {"meta": meta, "name": title, "files": [each.as_json() for each in links]}
            if title in self.namespaces:
                page["namespaces"] = self.namespaces[title]
            self.site.put(f"{path}index.json", json.dumps(page))
        else:
            self.site.put(f"{path}index.html", _pytorch_page(title, [each.as_html() for each in links]))


def _pytorch_page(title: str, anchors: list[str]) -> str:
    """A page as PyTorch's index has it: without any sign of its version."""
    body = "\n".join(f"    {anchor}" for anchor in anchors)
    return (
        "<!DOCTYPE html>\n<html>\n  <body>\n"
        f"    <h1>Links for {title}</h1>\n{body}\n  </body>\n</html>\n<!--TIMESTAMP 1731072000-->\n"
    )


# Tables and pins


def write_table(
    directory: Path,
    indexes: Mapping[str, Any],
    routes: Mapping[str, Any],
    policy: Mapping[str, Any] | None = None,
    wheels: Iterable[Mapping[str, Any]] = (),
) -> Path:
    """Write ``index-routing.toml`` with ``[[wheel]]`` entries."""
    text = table(indexes, routes, policy)
    for each in wheels:
        text += "[[wheel]]\n" + "".join(f"{key} = {as_toml(value)}\n" for key, value in each.items())
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / FILE_NAME
    path.write_text(text, encoding="utf-8")
    return path


@dataclass(frozen=True)
class Pin:
    """A file as ``rim-router pin`` records it."""

    name: str
    version: str
    filename: str
    url: str
    size: int
    hashes: Mapping[str, str]

    @classmethod
    def of(cls, artifact: Artifact, url: str, **hashes: str) -> Pin:
        """The pin of a file.

        :param hashes: instead of its sha256.
        """
        told = hashes or digests(artifact.data)
        return cls(artifact.project, artifact.version, artifact.filename, url, len(artifact.data), told)


def write_pins(directory: Path, *pins: Pin) -> Path:
    """Write ``pylock.external.toml`` (PEP 751)."""
    lines = ['lock-version = "1.0"', 'created-by = "rim-router"']
    for pin in pins:
        kind = "packages.wheels" if pin.filename.endswith(".whl") else "packages.sdist"
        opening, closing = ("[[", "]]") if kind == "packages.wheels" else ("[", "]")
        lines += [
            "[[packages]]",
            f"name = {as_toml(pin.name)}",
            f"version = {as_toml(pin.version)}",
            f"{opening}{kind}{closing}",
            f"name = {as_toml(pin.filename)}",
            f"url = {as_toml(pin.url)}",
            f"size = {pin.size}",
            f"hashes = {as_toml(dict(pin.hashes))}",
        ]
    path = directory / PINS
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


# What was said

Event = dict[str, Any]


def read_log(path: Path) -> list[Event]:
    """The objects of a log, one on each line."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def assert_said(result: Result, *words: str) -> None:
    """Each of these was said, whatever the letters' case and the line breaks."""
    for each in words:
        assert each.lower() in result.words.lower(), f"{each!r} is not in:\n{result}"


# The layout of PyTorch's index


@dataclass
class PyTorch:
    """What PyTorch's index is made of: pages at one host, wheels at a second, dependencies at a third.

    Some links have a sha256, many have none; the metadata's digest is not the wheel's; links are
    absolute or relative, and have ``%2B`` in them.

    :param torch: at the CDN, without any hash, with a digest of its metadata.
    :param vision: at the CDN, with its sha256.
    :param jinja: at the third host, without any hash, and without any metadata.
    :param markup: at the third host, with its sha256.
    :param triton: at the index's own host, by a relative link, without any hash.
    """

    index: Index
    cdn: Site
    third: Site
    torch: Artifact
    vision: Artifact
    jinja: Artifact
    markup: Artifact
    triton: Artifact
    urls: dict[str, str] = field(default_factory=dict)

    @classmethod
    def build(
        cls, index: Index, cdn: Site, third: Site, change: Callable[[Artifact], Artifact] = lambda each: each
    ) -> PyTorch:
        """Put the files on the hosts and the links on the pages.

        :param change: what becomes of each file after the page was written.
        """
        triton = wheel("pytorch-triton", "3.2.0+git4b3bb1f8", origin="owner")
        markup = wheel("markupsafe", "3.0.2", origin="owner")
        jinja = wheel("jinja2", "3.1.4", origin="owner", requires=["markupsafe>=2.0"])
        requires = ["jinja2", "pytorch-triton==3.2.0+git4b3bb1f8"]
        torch = wheel("torch", "2.6.0+cu126", origin="owner", requires=requires)
        vision = wheel("torchvision", "0.21.0+cu126", origin="owner", requires=["torch==2.6.0+cu126"])
        self = cls(index, cdn, third, torch, vision, jinja, markup, triton)
        at_cdn, at_third = "/whl/cu126/", "/packages/ab/cd/"
        for site, directory, artifacts in (
            (cdn, at_cdn, [torch, vision]),
            (third, at_third, [jinja, markup]),
            (index.site, at_cdn, [triton]),
        ):
            for each in artifacts:
                self.urls[each.project] = site.put(directory + each.filename, change(each).data)
                site.put(f"{directory}{each.filename}.metadata", each.metadata)
        index.show(torch, self.urls["torch"], core_metadata=digests(torch.metadata))
        older = wheel("torch", "2.5.1+cu126", origin="owner")
        index.site.put(at_cdn + older.filename, older.data)
        index.show(older, at_cdn + quote(older.filename), hashes=["sha256"])
        metadata = digests(vision.metadata)
        index.show(vision, self.urls["torchvision"], hashes=["sha256"], core_metadata=metadata)
        index.show(jinja, self.urls["jinja2"])
        index.show(markup, self.urls["markupsafe"], hashes=["sha256"])
        index.show(triton, at_cdn + quote(triton.filename))
        return self

    @property
    def hosts(self) -> list[str]:
        """The hosts that a table has to list."""
        return [self.cdn.name, self.third.name]

    def pins(self) -> list[Pin]:
        """What ``rim-router pin torchvision`` would record."""
        chosen = [self.torch, self.vision, self.jinja, self.markup]
        return [Pin.of(each, self.urls[each.project]) for each in chosen]
