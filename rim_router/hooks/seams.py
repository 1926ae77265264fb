"""Every place in pip that the hooks rely on, declared once and probed before anything is replaced."""

from __future__ import annotations

from importlib import import_module

from rim_router.hooks import fast_seams
from rim_router.hooks.seam import OLDEST as OLDEST
from rim_router.hooks.seam import Seam

NEWEST_TESTED = (26, 3)


_COLLECTOR = "pip._internal.index.collector"
_FINDER = "pip._internal.index.package_finder:PackageFinder"
_FACTORY = "pip._internal.resolution.resolvelib.factory:Factory"
_PREPARER = "pip._internal.operations.prepare:RequirementPreparer"

VERSION = Seam("pip:__version__", None, "which hook points to expect")
CREATE = Seam(
    f"{_COLLECTOR}:LinkCollector.create", ("session", "options"), "announces the table before a look-up"
)
COLLECTOR = Seam(f"{_COLLECTOR}:LinkCollector", ("session", "search_scope"), "one per index that is asked")
COLLECT = Seam(
    f"{_COLLECTOR}:LinkCollector.collect_sources",
    ("self", "project_name", "candidates_from_page"),
    "where a project name becomes URLs",
)
FETCH = Seam(
    f"{_COLLECTOR}:LinkCollector.fetch_response", ("self", "location"), "every index page passes here"
)
FAIL = Seam(f"{_COLLECTOR}:_handle_get_simple_fail", ("link", "reason"), "every failed index page ends here")
SOURCES = Seam(
    f"{_COLLECTOR}:CollectedSources", ("find_links", "index_urls"), "the answer of collect_sources"
)
CONTENT = Seam(f"{_COLLECTOR}:IndexContent", ("content", "content_type"), "an index page")
SCOPE = Seam(
    "pip._internal.models.search_scope:SearchScope.create", ("find_links", "index_urls"), "what to search"
)
LOCATIONS = Seam(
    "pip._internal.models.search_scope:SearchScope.get_index_urls_locations",
    ("self", "project_name"),
    "guarded indexes",
)
GIVEN_INDEXES = Seam(
    "pip._internal.cli.req_command:RequirementCommand._get_index_urls", ("options",), "guarded indexes"
)
MORE_INDEXES = Seam(
    "pip._internal.network.session:PipSession.update_index_urls",
    ("self", "new_index_urls"),
    "guarded indexes",
)
ALL = Seam(f"{_FINDER}.find_all_candidates", ("self", "project_name"), "index priority without a version")
BEST = Seam(
    f"{_FINDER}.find_best_candidate",
    ("self", "project_name", "specifier", "hashes"),
    "index priority for a request",
)
PROCESS = Seam(
    f"{_FINDER}.process_project_url", ("self", "project_url", "link_evaluator"), "fetches inside a look-up"
)
CANDIDATE = Seam(
    "pip._internal.models.candidate:InstallationCandidate", ("name", "version", "link"), "what is judged"
)
PREPARE = Seam(f"{_PREPARER}.prepare_linked_requirement", ("self", "req"), "direct references")
PREPARE_EDITABLE = Seam(
    f"{_PREPARER}.prepare_editable_requirement", ("self", "req"), "editable direct references"
)
REDIRECT = Seam(
    "pip._internal.network.session:PipSession.get_redirect_target", ("self", "resp"), "redirects of pages"
)
CANDIDATES = Seam("pip._internal.index.sources:LinkSource.page_candidates", ("self",), "the links of a page")
FILES = Seam("pip._internal.index.sources:LinkSource.file_links", ("self",), "the files of a directory")
SECURE = Seam(
    "pip._internal.network.session:PipSession.is_secure_origin", ("self", "location"), "--trusted-host"
)
NOT_FOUND = Seam(
    "pip._internal.exceptions:DistributionNotFound.__init__", None, "says where a project was looked for"
)
IMPOSSIBLE = Seam(
    f"{_FACTORY}.get_installation_error", ("self", "e", "constraints"), "says what of it was refused"
)
RESOLVER = Seam(
    "pip._internal.cli.req_command:RequirementCommand.make_resolver",
    ("preparer", "finder", "options"),
    "says that a newer file was refused",
)
INSTALLABLE = Seam(f"{_FINDER}.get_install_candidate", ("self", "link_evaluator", "link"), "what fits")
APPLICABLE = Seam(
    f"{_FINDER}.make_candidate_evaluator",
    ("self", "project_name", "specifier", "hashes"),
    "what fits a request",
)
DIAGNOSTIC = Seam("pip._internal.exceptions:DiagnosticPipError", None, "errors in pip's own style")
TEXT = Seam("pip._vendor.rich.text:Text", ("text",), "errors in pip's own style")
ERROR = Seam("pip._internal.exceptions:PipError", None, "pip's own errors")
CHILD_22_2 = Seam(
    "pip._internal.build_env:_get_runnable_pip", (), "pips for build dependencies", OLDEST, (22, 3)
)
CHILD = Seam("pip._internal.build_env:get_runnable_pip", (), "pips for build dependencies", (22, 3), (26, 2))
CHILD_26_2 = Seam(
    "pip._internal.build_env.installer:get_runnable_pip", (), "pips for build dependencies", (26, 2)
)
OTHER_PYTHON = Seam("pip._internal.cli.main_parser:get_runnable_pip", (), "pip --python", (22, 3))

EVALUATE = Seam(
    f"{_FINDER}.evaluate_links", ("self", "link_evaluator", "links"), ".rim files among the links of a page"
)
LEGACY = Seam(f"{_FINDER}.find_requirement", ("self", "req", "upgrade"), ".rim files for the legacy resolver")
CONSIDER_22_2 = Seam(
    f"{_FACTORY}._make_candidate_from_link",
    ("self", "link"),
    "the resolver considers a file",
    OLDEST,
    (23, 3),
)
CONSIDER = Seam(
    f"{_FACTORY}._make_base_candidate_from_link", ("self", "link"), "the resolver considers a file", (23, 3)
)
CACHE = Seam(
    "pip._internal.cache:WheelCache.get_cache_entry",
    ("self", "link", "package_name", "supported_tags"),
    "wheels that were built earlier",
)
HASHES = Seam(f"{_PREPARER}._get_linked_req_hashes", ("self", "req"), "the digests that a file must have")
LAZY = Seam(f"{_PREPARER}._fetch_metadata_using_lazy_wheel", ("self", "link"), "METADATA from a .rim file")
SIDECAR = Seam(
    f"{_PREPARER}._fetch_metadata_using_link_data_attr", ("self", "req"), "METADATA beside a file", (22, 3)
)
PREPARED = Seam(
    f"{_PREPARER}._prepare_linked_requirement", ("self", "req", "parallel_builds"), "a file is complete"
)
IS_WHEEL = Seam(
    "pip._internal.req.req_install:InstallRequirement.is_wheel", None, "whether there is a wheel to look into"
)
GIVEN = Seam(
    "pip._internal.cli.req_command:RequirementCommand.get_requirements",
    ("self", "args", "options", "finder", "session"),
    "what the user's own words name",
)
BUILD = Seam(
    "pip._internal.distributions.sdist:SourceDistribution.prepare_distribution_metadata",
    ("self",),
    "what a build requires is not the user's word",
)
INSTALL_ALL = Seam(
    "pip._internal.commands.install:install_given_reqs", ("requirements",), "what may be installed"
)
INSTALL_BUILD = Seam("pip._internal.req:install_given_reqs", ("requirements",), "what a build may install")
INSTALL = Seam(
    "pip._internal.req.req_install:InstallRequirement.install", ("self",), "what may be installed, one by one"
)
REMOVED = Seam(
    "pip._internal.req.req_uninstall:UninstallPathSet.from_dist", ("dist",), "what is about to be removed"
)
UNINSTALL = Seam(
    "pip._internal.req.req_install:InstallRequirement.uninstall", ("self",), "rim-router stays where it is"
)
SCHEME = Seam(
    "pip._internal.req.req_install:get_scheme",
    ("dist_name", "user", "home", "root", "isolated", "prefix"),
    "where the files of a wheel go",
)
CONFIGURATION = Seam(
    "pip._internal.configuration:get_configuration_files", (), "where pip's configuration lies"
)
SAVE = Seam(f"{_PREPARER}.save_linked_requirement", ("self", "req"), "what pip download and wheel may save")
BUILT = Seam("pip._internal.commands.wheel:build", ("requirements",), "what pip wheel may save")
DOWNLOAD = Seam(
    "pip._internal.network.download:Downloader.__call__", ("self", "link", "location"), "downloads a file"
)
BATCH = Seam(
    "pip._internal.network.download:BatchDownloader.__call__",
    ("self", "links", "location"),
    "downloads files",
    OLDEST,
    (25, 2),
)
ADAPTER = Seam(
    "pip._internal.network.session:PipSession.get_adapter", ("self", "url"), "how a host is talked to"
)
HEADERS = Seam("pip._internal.network.utils:HEADERS", None, "asks for a .rim file")
STATUS = Seam("pip._internal.network.utils:raise_for_status", ("resp",), "what came for a .rim file")
CHUNKS = Seam("pip._internal.network.utils:response_chunks", ("response",), "the bytes of a file")
NO_CONNECTION = Seam(
    "pip._vendor.requests.exceptions:ConnectionError", None, "a table's server that cannot be reached"
)
NO_TLS = Seam("pip._vendor.requests.exceptions:SSLError", None, "a table's server that cannot be trusted")
SETTINGS = Seam("pip._internal.commands:create_command", ("name",), "the index URL that pip has")
FAILED_REQUEST = Seam("pip._vendor.requests.exceptions:RequestException", None, "failed requests")
GIVEN_UP = Seam("pip._vendor.requests.exceptions:RetryError", None, "failed requests")
TIMED_OUT = Seam("pip._vendor.requests.exceptions:Timeout", None, "failed requests")
PROXY = Seam("pip._vendor.urllib3.exceptions:ProxyError", None, "failed requests")
FAILED_TRANSFER = Seam("pip._vendor.urllib3.exceptions:HTTPError", None, "transfers that break off")
PATH = Seam("pip._internal.utils.urls:url_to_path", ("url",), "the paths of file-system indexes")
DIGESTS = Seam("pip._internal.utils.hashes:Hashes", ("hashes",), "compares digests")
MISMATCH = Seam("pip._internal.exceptions:HashMismatch", ("allowed", "gots"), "wrong digests")
MEMORY = Seam("pip._internal.metadata.base:MemoryWheel", ("location", "stream"), "METADATA from a .rim file")
METADATA = Seam(
    "pip._internal.metadata:get_wheel_distribution", ("wheel", "canonical_name"), "METADATA from a .rim file"
)
COMMAND = Seam("pip._internal.commands.install:InstallCommand", None, "answers rim-router's commands")
MAIN = Seam("pip._internal.cli.base_command:Command.main", ("self", "args"), "answers rim-router's commands")
SESSION = Seam(
    "pip._internal.cli.req_command:RequirementCommand.get_default_session",
    ("self", "options"),
    "pip's session, as it is configured",
)
BUILD_FINDER = Seam(
    "pip._internal.cli.req_command:RequirementCommand._build_package_finder",
    ("self", "options", "session", "target_python", "ignore_requires_python"),
    "pip's finder, as it is configured",
)
EVALUATOR = Seam(f"{_FINDER}.make_link_evaluator", ("self", "project_name"), "what fits this environment")
LINK_TYPE = Seam("pip._internal.index.package_finder:LinkType", None, "what fits this environment")
PROGRESS = Seam(
    "pip._internal.cli.progress_bars:get_download_progress_renderer", ("bar_type", "size"), "shows a download"
)
FORGET = Seam(
    "pip._internal.network.cache:SafeFileCache.delete", ("self", "key"), "what is wrong in the HTTP cache"
)
CACHE_KEY = Seam(
    "pip._vendor.cachecontrol.controller:CacheController.cache_url",
    ("uri",),
    "what is wrong in the HTTP cache",
)
LINK = Seam("pip._internal.models.link:Link", ("url", "comes_from", "requires_python"), "the URL of a file")

# Every one of them: none can be declared and then not be probed.
_EVERYTHING = (*globals().values(), *vars(fast_seams).values())
SEAMS = tuple(value for value in _EVERYTHING if isinstance(value, Seam))


def release(version: str) -> tuple[int, ...]:
    """The leading numbers of a version of pip: ``"26.2.1"`` and ``"26.2.dev0"`` begin with (26, 2)."""
    numbers = []
    for part in version.split("."):
        if not part.isdigit():
            digits = part[: next((i for i, c in enumerate(part) if not c.isdigit()), len(part))]
            numbers += [int(digits)] if digits else []
            break
        numbers.append(int(part))
    return tuple(numbers)


def pip_version() -> str:
    """The version of the pip of this process; "unknown" if it does not say.

    :raises ImportError: if there is no pip.
    """
    return str(getattr(import_module("pip"), "__version__", "unknown"))


def expected(version: str) -> tuple[Seam, ...]:
    """The hook points that a pip of this version is expected to have; of an unknown one, as the newest."""
    numbers = release(version) or NEWEST_TESTED
    return tuple(seam for seam in SEAMS if seam.applies_to(numbers))


def lacking(feature: str) -> list[Seam]:
    """The hook points of a feature of ``[speed]`` that this pip does not have, and goes without it."""
    numbers = release(pip_version()) or NEWEST_TESTED
    needed = [seam for seam in SEAMS if seam.feature == feature]
    if numbers < fast_seams.FAST:
        return needed
    return [seam for seam in needed if seam.applies_to(numbers) and seam.probe()]


def probe() -> list[tuple[Seam, str | None]]:
    """Every hook point expected of this pip, with what is wrong with it."""
    return [(seam, seam.probe()) for seam in expected(pip_version())]
