"""Run pip's own runner under any interpreter, with this very plugin hooked in first.

Started as a script, possibly by an interpreter that has never heard of the plugin: only its two
packages are made importable, not the directory that it lies in, whose other distributions are
none of that interpreter's business. The syntax must be good for any Python, to be able to refuse.
"""

import os
import sys


def main():  # type: ignore[no-untyped-def]
    here = os.path.dirname(os.path.abspath(__file__))
    pip = os.environ["_RIM_ROUTER_PIP"]
    if sys.path and os.path.abspath(sys.path[0]) == here:
        sys.path[0] = os.path.dirname(pip)
    sys.argv[0] = pip
    if sys.version_info < (3, 9):
        table = os.path.join(sys.prefix, "index-routing.toml")
        if os.environ.get("_RIM_ROUTER_LAYERS", "[]") != "[]" or os.path.exists(table):
            sys.stderr.write(
                "ERROR: a routing table is in force, and rim-router needs Python 3.9 or newer; "
                "this is Python %d.%d (%s)\n" % (sys.version_info[0], sys.version_info[1], sys.executable)
            )
            return 1
    elif "_rim_router" not in sys.modules:
        for name in ("rim_router", "_rim_router"):
            _import_from(os.path.dirname(os.path.dirname(here)), name)  # type: ignore[no-untyped-call]
    import runpy

    runpy.run_path(pip, run_name="__main__")
    return 0


def _import_from(directory, name):  # type: ignore[no-untyped-def]
    import importlib.util

    package = os.path.join(directory, name)
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(package, "__init__.py"), submodule_search_locations=[package]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    sys.exit(main())  # type: ignore[no-untyped-call]
