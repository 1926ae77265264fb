"""Makes wheels and source distributions in memory, without any build tool."""

from __future__ import annotations

import email
import gzip
import hashlib
import io
import json
import re
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import backend

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def normalise(name: str) -> str:
    """PEP 503; not the product's function, which the tests are to judge."""
    return re.sub(r"[-_.]+", "-", name).lower()


def module_name(project: str) -> str:
    """The module that a made project installs."""
    return normalise(project).replace("-", "_")


@dataclass(frozen=True)
class Artifact:
    """One file that an index can serve.

    :param metadata: the METADATA of a wheel; what PEP 658 serves beside it.
    """

    project: str
    version: str
    filename: str
    data: bytes
    metadata: bytes
    requires_python: str | None = None

    @classmethod
    def from_wheel(cls, path: Path) -> Artifact:
        """A wheel that is there already."""
        name, version = path.name.split("-")[:2]
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
            metadata = archive.read(next(each for each in members if each.endswith(".dist-info/METADATA")))
        requires_python = email.message_from_bytes(metadata)["Requires-Python"]
        return cls(normalise(name), version, path.name, path.read_bytes(), metadata, requires_python)

    def digest(self, algorithm: str = "sha256") -> str:
        """The hexadecimal digest of the file."""
        return hashlib.new(algorithm, self.data).hexdigest()

    def write_to(self, directory: Path) -> Path:
        """Write the file into a directory, which is made if it is not there."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / self.filename
        path.write_bytes(self.data)
        return path

    def unpack_to(self, directory: Path) -> Path:
        """Unpack a source distribution, without the directory that is around everything in it."""
        with tarfile.open(fileobj=io.BytesIO(self.data)) as archive:
            for member in archive.getmembers():
                path = directory / member.name.partition("/")[2]
                path.parent.mkdir(parents=True, exist_ok=True)
                file = archive.extractfile(member)
                assert file is not None
                path.write_bytes(file.read())
        return directory


def _metadata(name: str, version: str, requires: Iterable[str], requires_python: str | None) -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    requires = list(requires)
    extras = sorted(set(re.findall(r"""extra == ['"]([a-z]+)""", "\n".join(requires))))
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    return "\n".join(lines) + "\n"


def _module(origin: str) -> str:
    return f"ORIGIN = {origin!r}\n"


def _wheel_files(module: str, version: str, tag: str, metadata: str, origin: str) -> dict[str, str]:
    dist_info = f"{module}-{version}.dist-info"
    return {
        f"{module}.py": _module(origin),
        f"{dist_info}/METADATA": metadata,
        f"{dist_info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }


def wheel(
    name: str,
    version: str,
    *,
    origin: str,
    requires: Iterable[str] = (),
    requires_python: str | None = None,
    tag: str = "py3-none-any",
    extra_files: Mapping[str, bytes] | None = None,
    metadata_name: str | None = None,
    dist_info: str | None = None,
    record: Iterable[str] = (),
) -> Artifact:
    """A wheel whose one module says in ``ORIGIN`` who made it.

    :param requires: its ``Requires-Dist``.
    :param extra_files: further files, by path in the archive.
    :param metadata_name: the ``Name`` in its METADATA, if it is another one.
    :param dist_info: the name of the directory of its METADATA, if it is another one.
    :param record: further lines of its RECORD, of files that it does not have.
    """
    module = module_name(name)
    metadata = _metadata(metadata_name or name, version, requires, requires_python)
    files = {p: text.encode() for p, text in _wheel_files(module, version, tag, metadata, origin).items()}
    usual = f"{module}-{version}.dist-info"
    files = {path.replace(usual, dist_info or usual): data for path, data in files.items()}
    files.update(extra_files or {})
    buffer = io.BytesIO()
    backend.write_wheel(buffer, dist_info or usual, files, record)
    return Artifact(
        normalise(name),
        version,
        f"{module}-{version}-{tag}.whl",
        buffer.getvalue(),
        metadata.encode(),
        requires_python,
    )


def sdist(
    name: str,
    version: str,
    *,
    origin: str,
    requires: Iterable[str] = (),
    build_requires: Iterable[str] = (),
    dynamic_build_requires: Iterable[str] = (),
    requires_python: str | None = None,
    metadata_name: str | None = None,
) -> Artifact:
    """A source distribution that carries its own build backend.

    The wheel built from it says in ``BUILT_WITH`` who made each of its build dependencies.

    :param build_requires: ``build-system.requires``: names of made projects, with or without a version.
    :param dynamic_build_requires: what the backend asks for besides.
    :param metadata_name: the ``Name`` in its metadata, if it is another one.
    """
    module = module_name(name)
    metadata = _metadata(metadata_name or name, version, requires, requires_python)
    build_requires, dynamic_build_requires = list(build_requires), list(dynamic_build_requires)
    names = [
        re.split(r"[^A-Za-z0-9._-]", req, maxsplit=1)[0] for req in build_requires + dynamic_build_requires
    ]
    facts = {
        "module": f"{module}.py",
        "wheel": f"{module}-{version}-py3-none-any.whl",
        "dist_info": f"{module}-{version}.dist-info",
        "files": _wheel_files(module, version, "py3-none-any", metadata, origin),
        "dynamic_requires": dynamic_build_requires,
        "build_modules": [module_name(each) for each in names],
    }
    pyproject = (
        "[build-system]\n"
        f"requires = {json.dumps(build_requires)}\n"
        'build-backend = "backend"\n'
        'backend-path = ["."]\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\n'
    )
    root = f"{module}-{version}"
    members = {
        "PKG-INFO": metadata.encode(),
        "pyproject.toml": pyproject.encode(),
        "facts.json": json.dumps(facts).encode(),
        "backend.py": Path(backend.__file__).read_bytes(),
    }
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped:  # noqa: SIM117
        with tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path, data in members.items():
                member = tarfile.TarInfo(f"{root}/{path}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return Artifact(
        normalise(name),
        version,
        f"{module}-{version}.tar.gz",
        buffer.getvalue(),
        metadata.encode(),
        requires_python,
    )
