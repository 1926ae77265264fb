"""Does a pip with ``[speed]`` end as one without, whatever is asked for and whatever fails?

Each made-up requirement set is resolved twice, once with everything turned off, by the same indexes. Compared
are all that pip says, its exit code and its report: versions, URLs, digests and their order. A failure that
happens once is left to pip's own retry, and what pip says of that does not count.
"""

from __future__ import annotations

import argparse
import contextlib
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import heading, pairs, say, table, warm, workshop
from tests.support.matrix import release
from tests.support.resolutions import Scenario


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
            environment = shop.make(pair, place / str(pair))
            warm(environment)
            beside = release(shop.pip_version(pair)) >= (23, 2)
            kinds: Counter[str] = Counter()
            requests = [0, 0]
            for number in range(options.first, options.first + options.sets):
                with contextlib.ExitStack() as stack:
                    directory = Path(stack.enter_context(TemporaryDirectory(dir=place)))
                    scenario = Scenario(number, directory, stack, beside=beside)
                    found = []
                    for position, speed in enumerate(("", "off")):
                        found.append(scenario.outcome(environment, speed))
                        requests[position] += sum(len(server.requests) for server in scenario.servers)
                    kinds.update({"sets", "resolved" if found[0]["code"] == 0 else "failed"})
                    kinds.update(kind for kind, count in scenario.kinds.items() if count)
                    for key in found[0]:
                        if found[0][key] != found[1][key]:
                            different += 1
                            say(f"set {number}, {key}:\n{found[0][key]}\n{found[1][key]}")
            print(f"pip {shop.pip_version(pair)}, Python {'.'.join(map(str, pair.python))}:\n")
            rows = [*sorted(kinds.items()), ("requests", requests[0]), ("requests, speed off", requests[1])]
            print(table(("what", "number"), rows), flush=True)
    print(f"{different} differences")
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()
