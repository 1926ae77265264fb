"""Start-up code of every interpreter of the environment: waits for pip, and for what makes environments.

Kept apart from ``rim_router``, so that it is there where that is not: an editable installation has a copy
of this package, and pip does not go unrouted because a checkout is gone. This module is imported everywhere
and is itself the finder: so it imports nothing but ``sys``, defines no class, and leaves all else until pip
is imported.
"""

import sys

TYPE_CHECKING = False  # importing typing for this would cost more than all the rest
if TYPE_CHECKING:
    from typing import Any

# Where rim_router is looked for: not in what comes in front of it later, such as the working directory.
search_path = sys.path[:]

# pip by another name: other projects have copies of it in packages of their own.
COPIED = ("._internal.cli.main_parser", "._internal.network.session")

# What makes environments: every builder is of the one, or every creator of the other.
MAKERS = ("venv", "virtualenv", "virtualenv.create.creator")


def find_spec(name: str, path: "Any" = None, target: "Any" = None) -> "Any":
    """Find nothing (see :mod:`importlib.abc`), but have another finder in this one's place for pip."""
    if name != "pip" and not name.startswith("pip.") and not name.endswith(COPIED) and name not in MAKERS:
        return None
    from _rim_router import waiter

    waiter.activate()
    return waiter.waiter.find_spec(name, path, target)


_this: "Any" = sys.modules[__name__]
if "pip" in sys.modules or "venv" in sys.modules or "virtualenv" in sys.modules:
    from _rim_router.waiter import activate

    activate()
else:
    sys.meta_path.insert(0, _this)
