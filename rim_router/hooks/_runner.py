"""Run pip's own runner under any interpreter, with this very plugin hooked in first; or answer questions.

Started as a script, possibly by an interpreter that has never heard of the plugin: only its two
packages are made importable, not the directory that it lies in, whose other distributions are
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
        reason = "a routing table is in force"
        if os.environ.get("_RIM_ROUTER_LAYERS", "[]") == "[]" and not os.path.exists(table):
            reason = "RIM_ROUTER_REQUIRE is set" if os.environ.get("RIM_ROUTER_REQUIRE") else ""
        if reason:
            sys.stderr.write(
                "ERROR: %s, and rim-router needs Python 3.9 or newer; this is Python %d.%d (%s)\n"
                % (reason, sys.version_info[0], sys.version_info[1], sys.executable)
            )
            return 1
    else:
        packages = os.path.dirname(os.path.dirname(here))
        _forget_others(packages)  # type: ignore[no-untyped-call]
        for name in ("rim_router", "_rim_router"):
            _import_from(packages, name)  # type: ignore[no-untyped-call]
    if asked:
        try:
            from rim_router.hooks import inquiry
        except Exception as failure:  # whatever comes of importing what this pip does not have
            sys.stderr.write(
                "ERROR: this pip cannot be asked (%s: %s); `rim-router doctor` shows every hook point\n"
                % (type(failure).__name__, failure)
            )
            return 1
        return inquiry.answer(asked, sys.argv[1:])
    import runpy

    runpy.run_path(pip, run_name="__main__")
    return 0


def _forget_others(directory):  # type: ignore[no-untyped-def]
    """Have this very plugin, also where the interpreter's own start-up has found another one."""
    for name in ("rim_router", "_rim_router"):
        loaded = sys.modules.get(name)
        place = os.path.dirname(os.path.dirname(os.path.abspath(getattr(loaded, "__file__", None) or "/")))
        if loaded is None or place == directory:
            continue
        for each in list(sys.modules):
            if each == name or each.startswith(name + "."):
                if sys.modules[each] in sys.meta_path:
                    sys.meta_path.remove(sys.modules[each])
                del sys.modules[each]


def _import_from(directory, name):  # type: ignore[no-untyped-def]
    import importlib.util

    if sys.modules.get(name) is not None:
        return
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
