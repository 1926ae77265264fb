"""Made-up URLs and redirects: the host that pip's requests and urllib3 connect to is the one that was judged.

Bounded in the normal run; ``nox -s fuzz`` tries 100,000 on both ends of the matrix.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.environments import ROOT

if TYPE_CHECKING:
    from tests.conftest import Environments

SCRIPT = ROOT / "tests" / "support" / "readers.py"
LONG = os.environ.get("RIM_ROUTER_FUZZ_EXAMPLES")
VALUES = int(LONG or 2000)
BATCH = 10_000  # values for each process


@pytest.mark.timeout(300 + VALUES // 20)
def test_no_connection_but_to_the_host_that_was_judged(environments: Environments) -> None:
    """Nor is any other host announced, nor does pip come to a place where it knows no way out."""
    victim = environments.equipped()
    counts: Counter[str] = Counter()
    seed = random.randrange(2**32) if LONG else 0
    for start in range(0, VALUES, BATCH):
        arguments = [str(min(BATCH, VALUES - start)), str(seed + start)]
        result = victim.run(victim.python, SCRIPT, *arguments, check=True)
        found: dict[str, Any] = json.loads(result.stdout)
        assert not found.pop("differences"), f"{arguments}: {result}"
        counts.update(found)
    print(f"{victim.pair}: {VALUES:,} values, seed {seed}: {dict(counts)}")
    # There is something to be told apart, and what is harmless goes through.
    assert counts["astray"] > VALUES / 100
    assert counts["followed"] > VALUES / 50
