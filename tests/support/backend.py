"""A PEP 517 build backend of one file, standard library only, so that no build needs a download.

It is imported by the wheel factory, and copied as it is into the source distributions it makes,
where it reads what to build from ``facts.json``.
"""

import base64
import hashlib
import importlib
import json
import os
import zipfile
from typing import Any

# Same input, same bytes: a test may compare digests of two runs.
TIMESTAMP = (2020, 2, 2, 0, 0, 0)
HERE = os.path.dirname(os.path.abspath(__file__))


def write_wheel(target: Any, dist_info: str, files: dict[str, bytes], further: Any = ()) -> None:
    """Write the files (path to bytes) and their RECORD as a zip archive to a path or file object."""
    record = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path, TIMESTAMP), data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(data)}\n")
        record += [f"{path},,\n" for path in (*further, f"{dist_info}/RECORD")]
        archive.writestr(zipfile.ZipInfo(f"{dist_info}/RECORD", TIMESTAMP), "".join(record))


def _facts() -> Any:
    with open(os.path.join(HERE, "facts.json"), encoding="utf-8") as file:
        return json.load(file)


def get_requires_for_build_wheel(config_settings: Any = None) -> Any:
    return _facts()["dynamic_requires"]


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None) -> Any:
    facts = _facts()
    built_with = {module: importlib.import_module(module).ORIGIN for module in facts["build_modules"]}
    files = {path: text.encode() for path, text in facts["files"].items()}
    files[facts["module"]] += f"BUILT_WITH = {built_with!r}\n".encode()
    write_wheel(os.path.join(wheel_directory, facts["wheel"]), facts["dist_info"], files)
    return facts["wheel"]


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    raise NotImplementedError("no test builds an sdist from an sdist")
