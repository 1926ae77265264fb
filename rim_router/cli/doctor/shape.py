# ruff: noqa: FA100 -- these annotations are read at run time, on Python 3.9 too
"""The shapes of what ``rim-router doctor --json`` prints."""

from typing import Optional, TypedDict

from rim_router.cli.shapes import Index, Place, Setting


class Plugin(TypedDict):
    """Whether the plugin is active in this environment.

    :param version: of rim-router.
    :param package: the directory that the package lies in.
    :param startup_files: the start-up files found, absolute.
    :param active: whether a fresh interpreter of this environment waits for pip.
    :param active_isolated: the same with ``python -I``, which leaves the user's site-packages out.
    """

    version: str
    package: str
    startup_files: list[str]
    active: bool
    active_isolated: bool


class HookPoint(TypedDict):
    """A place in pip that the plugin relies on.

    :param place: module and attribute.
    :param why: what it is needed for.
    :param fault: what is not as expected; null if nothing is.
    """

    place: str
    why: str
    fault: Optional[str]


class Pip(TypedDict):
    """The pip of this environment.

    :param version: its version; null if there is no pip.
    :param supported: the versions that are supported.
    :param routable: whether it can be routed.
    :param hook_points: every hook point expected of this version.
    """

    version: Optional[str]
    supported: str
    routable: bool
    hook_points: list[HookPoint]


class Patch(TypedDict):
    """Other code that runs in each interpreter and seems to be about pip, its requests or TLS.

    :param file: absolute.
    :param line: the line that says so.
    """

    file: str
    line: str


class Copy(TypedDict):
    """A copy of pip by another name. It is not routed: where a table is in force it stops.

    :param package: what it is imported as.
    :param directory: where it lies, absolute.
    """

    package: str
    directory: str


class DoctorReport(TypedDict):
    """What ``rim-router doctor --json`` prints.

    :param version: of this shape: 1.
    :param state: "routed", "inert" (no table in force), "refuses" (pip stops before any request),
        "open" (pip is not routed) or "no-pip".
    :param why: the state in a sentence.
    :param python: version and path of the interpreter.
    :param implementation: of Python, such as "CPython".
    :param os: the operating system, its release and the machine.
    :param plugin: whether the plugin is active.
    :param pip: the pip of this environment and its hook points.
    :param tables: the table files in force, lowest layer first.
    :param table_error: what is wrong with the tables; null if nothing is.
    :param indexes: those of the tables, with redacted URLs; empty if there is something wrong with them.
    :param routes: how many routes there are.
    :param policy: the policy in force.
    :param switch: the value of RIM_ROUTER_DISABLE; null if it is not set.
    :param required: the value of RIM_ROUTER_REQUIRE; null if it is not set.
    :param openssl: the version of OpenSSL.
    :param certifi: the version of certifi; null if it is missing.
    :param other_patches: other code that may patch pip.
    :param copies: copies of pip by other names in this environment.
    """

    version: int
    state: str
    why: str
    python: str
    implementation: str
    os: str
    plugin: Plugin
    pip: Pip
    tables: list[Place]
    table_error: Optional[str]
    indexes: list[Index]
    routes: int
    policy: list[Setting]
    switch: Optional[str]
    required: Optional[str]
    openssl: str
    certifi: Optional[str]
    other_patches: list[Patch]
    copies: list[Copy]


class OtherReport(TypedDict):
    """What ``rim-router doctor --python PATH --json`` prints where that environment has no rim-router.

    :param version: of this shape: 1.
    :param state: "open".
    :param why: the state in a sentence.
    :param python: version and path of the interpreter.
    :param plugin: null.
    :param hint: what to do about it.
    """

    version: int
    state: str
    why: str
    python: str
    plugin: None
    hint: str
