"""Run pip's own runner under any interpreter, with this very plugin hooked in first; or answer questions.

Started as a script, possibly by an interpreter that has never heard of the plugin: only this
package is made importable, not the directory that it lies in, whose other distributions are
none of that interpreter's business. The syntax must be good for any Python, to be able to refuse.
"""

import os
import sys


def main():  # type: ignore[no-untyped-def]
    here = os.path.dirname(os.path.abspath(__file__))
    asked = os.environ.pop("_RIM_ROUTER_INQUIRY", None)
    pip = asked or os.environ["_RIM_ROUTER_PIP"]
    if sys.path and os.path.abspath(sys.path[0]) == here:
        sys.path[:1] = [] if asked else [os.path.dirname(pip)]
    sys.argv[0] = pip
    if sys.version_info < (3, 9):
        table = os.path.join(sys.prefix, "index-routing.toml")
        if os.environ.get("_RIM_ROUTER_LAYERS", "[]") != "[]" or os.path.exists(table):
            sys.stderr.write(
                "ERROR: a routing table is in force, and rim-router needs Python 3.9 or newer; "
                "this is Python %d.%d (%s)\n" % (sys.version_info[0], sys.version_info[1], sys.executable)
            )
            return 1
    else:
        _import_from(os.path.dirname(here))  # type: ignore[no-untyped-call]
    if sys.version_info >= (3, 9):
        from rim_router import _startup

        _startup.activate()
        if asked:
            from rim_router.hooks import inquiry

            return inquiry.answer(asked, sys.argv[1:])
    import runpy

    runpy.run_path(pip, run_name="__main__")
    return 0


def _import_from(directory):  # type: ignore[no-untyped-def]
    """Import the plugin from here, also where the interpreter's own start-up has found another one."""
    import importlib.util

    loaded = sys.modules.get("rim_router")
    if loaded is not None:
        if os.path.abspath(os.path.dirname(loaded.__file__ or "")) == directory:
            return
        for name in list(sys.modules):
            if name == "rim_router" or name.startswith("rim_router."):
                del sys.modules[name]
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not loaded]
    spec = importlib.util.spec_from_file_location(
        "rim_router", os.path.join(directory, "__init__.py"), submodule_search_locations=[directory]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["rim_router"] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    sys.exit(main())  # type: ignore[no-untyped-call]
