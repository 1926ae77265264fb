"""Does a pip with ``[speed]`` end as one without, whatever is asked for and whatever fails?

Each made-up requirement set is run twice by the same indexes, once with everything turned off: a dry run,
a real installation, ``pip download``, ``pip wheel`` or ``pip lock``. Compared are all that pip says, its exit
code, its report and every file that it has written or installed. A failure that happens once is left to pip's
own retry, and what pip says of that does not count.
"""

from __future__ import annotations

import argparse
from collections import Counter
from difflib import unified_diff
from pprint import pformat

from bench.measure import heading, pairs, say, table, warm, workshop
from tests.support.outcomes import compare


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.equality", description=__doc__.splitlines()[0])
    parser.add_argument("--python", nargs="+", default=["3.13"], metavar="X.Y")
    parser.add_argument("--pip", default="newest", help="the version of pip (%(default)s)")
    parser.add_argument("--sets", type=int, default=200, metavar="N", help="(%(default)s)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number of the first set")
    options = parser.parse_args()
    heading("Equality")
    different = 0
    with workshop() as (shop, place):
        for pair in pairs(options.python, options.pip):
            environment, pip = shop.make(pair, place / str(pair)), shop.pip_version(pair)
            warm(environment)
            kinds: Counter[str] = Counter()
            requests: Counter[str] = Counter()
            for number in range(options.first, options.first + options.sets):
                found = compare(number, environment, place, pip)
                kinds.update(kind for kind, count in found.kinds.items() if count)
                different += bool(found.differences)
                for key, (fast, usual) in found.differences.items():
                    lines = unified_diff(*(pformat(each).splitlines() for each in (usual, fast)), lineterm="")
                    say("\n".join([f"set {number}, {key}:", *lines]))
                end = "failed" if found.kinds["failed"] else "resolved"
                for what, count in zip(("requests", "requests, speed off"), found.requests):
                    requests[f"{what}, {end}"] += count
            print(f"pip {pip}, Python {'.'.join(map(str, pair.python))}:\n")
            print(table(("what", "number"), [*sorted(kinds.items()), *sorted(requests.items())]), flush=True)
    print(f"{different} sets end differently")
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()
