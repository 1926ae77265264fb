"""Made-up URLs of a JSON page: the name that pip gives a file is among those that its upload time is for.

``python file_names.py COUNT SEED``, with the pip in question; prints how many were tried, and which differ.
"""

from __future__ import annotations

import json
import random
import sys

from pip._internal.index.collector import IndexContent, parse_links

from rim_router.rules.page_metadata import upload_times

PAGES = ["https://index.example/simple/parcel/", "http://index.example/simple/parcel/"]
JSON = "application/vnd.pypi.simple.v1+json"
FILES = ["parcel-1.0-py3-none-any.whl", "parcel-2.0.tar.gz"]
PARTS = [
    *"/#?;@\\:[]~=+%", "//", "/.", "/..", "./", "%2F", "%252F", "%25", "%3B", "%3F", "%5C", "%00",
    "%2B", "%C3%A9", "\u00e9", "\u0667", "\u2028", " ", "\t", "\n", "\x00", "a", "https:", "http://a", "https://index.example/",
]  # fmt: skip


def main(count: int, seed: int) -> None:
    maker = random.Random(seed)
    # URLs are joined to that of the page by other rules if it has their scheme.
    tried, differing = 0, []
    for _ in range(count):
        around = [maker.choice(PARTS) for _ in range(maker.randint(0, 6))]
        around.insert(maker.randint(0, len(around)), maker.choice(FILES))
        url = "".join(around)
        file = {"filename": "x", "url": url, "hashes": {}, "upload-time": "2026-01-01T00:00:00Z"}
        page = maker.choice(PAGES)
        content = json.dumps({"files": [file]}).encode()
        try:
            found = [link.filename for link in parse_links(IndexContent(content, JSON, None, page, False))]
        except ValueError:
            continue  # no URL, for pip either
        names = [name for name in found if any(each in name for each in FILES)]
        tried += len(names)
        if not upload_times(content, JSON, page).keys() >= set(names):
            differing.append(url)
    print(json.dumps({"tried": tried, "differing": differing}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
