"""The places in pip that only ``[speed]`` relies on: without one a pip goes without the feature."""

from __future__ import annotations

from rim_router.hooks.seam import OLDEST, Seam
from rim_router.rules.speed import ASK_EARLY, DROP_EARLY, PARALLEL_DOWNLOADS

_FINDER = "pip._internal.index.package_finder:PackageFinder"

#: The first pip that knows metadata beside a file; those before go without every feature.
FAST = (22, 3)
PARSE = Seam(
    "pip._internal.index.package_finder:parse_links", ("page",), "makes links of a page", feature=DROP_EARLY
)
FROM_JSON = Seam(
    "pip._internal.models.link:Link.from_json",
    ("file_data", "page_url"),
    "makes a link of a file",
    FAST,
    feature=DROP_EARLY,
)
QUOTE = Seam(
    "pip._internal.models.link:_ensure_quoted_url", ("url",), "the URL of a file", FAST, feature=DROP_EARLY
)
CHECK_PYTHON = Seam(
    "pip._internal.index.package_finder:check_requires_python",
    ("requires_python", "version_info"),
    "whether a file is for this Python",
    feature=DROP_EARLY,
)
TARGET = Seam(f"{_FINDER}.target_python", None, "what fits this environment", feature=DROP_EARLY)
TAGS_22_2 = Seam(
    "pip._internal.models.target_python:TargetPython.get_tags",
    ("self",),
    "what fits this environment",
    OLDEST,
    (23, 3),
    feature=DROP_EARLY,
)
TAGS = Seam(
    "pip._internal.models.target_python:TargetPython.get_sorted_tags",
    ("self",),
    "what fits this environment",
    (23, 3),
    feature=DROP_EARLY,
)
SUPPORTED = Seam(
    "pip._internal.models.wheel:Wheel.supported",
    ("self", "tags"),
    "what fits this environment",
    feature=DROP_EARLY,
)
FORMATS = Seam(
    "pip._internal.models.format_control:FormatControl.get_allowed_formats",
    ("self", "canonical_name"),
    "what fits this environment",
    feature=DROP_EARLY,
)
METADATA_LINK = Seam(
    "pip._internal.models.link:Link.metadata_link",
    ("self",),
    "where the metadata beside a file are",
    FAST,
    feature=ASK_EARLY,
)
ANSWER = Seam(
    "pip._vendor.urllib3.response:HTTPResponse",
    ("body", "headers", "status"),
    "an early answer",
    feature=ASK_EARLY,
)
RETRIES = Seam("pip._vendor.urllib3.util.retry:Retry", ("total",), "asks early once", feature=ASK_EARLY)
SPECIFIERS = Seam(
    "pip._vendor.packaging.specifiers:SpecifierSet", None, "which version pip will take", feature=ASK_EARLY
)
VERSIONS = Seam(
    "pip._vendor.packaging.version:Version", None, "which version pip will take", feature=ASK_EARLY
)
NO_VERSION = Seam(
    "pip._vendor.packaging.version:InvalidVersion", None, "which version pip will take", feature=ASK_EARLY
)
COMPLETE = Seam(
    "pip._internal.operations.prepare:RequirementPreparer._complete_partial_requirements",
    ("self", "partially_downloaded_reqs"),
    "what pip is about to download",
    feature=PARALLEL_DOWNLOADS,
)
