"""Several tests at once: how many workers there are, which tests belong together, and which come first.

Most tests of processes wait: for a Lease, a job, a retry. So there are more workers than processors. A worker takes the
next test when it has run out, in the order of the collection; where the long ones come first, all workers end at about
the same time.
"""

from __future__ import annotations

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

PER_PROCESSOR = 3
"""Workers for each processor."""
TOGETHER = (
    "tests/integration/test_wrong_order.py",
    "tests/integration/bridge/test_events.py",
    "tests/manifests/",
    "tests/chaos/processes/test_api_server.py",
    "tests/unit/hack/test_reference.py",
)
"""Files and folders whose tests share what is costly to start."""
FIRST = (
    "tests/chaos/processes/test_api_server.py",
    "tests/chaos/simulation/test_simulation.py",
    "tests/manifests/",
    "tests/integration/",
    "tests/chaos/processes/",
    "tests/contract/",
)
"""Where the long tests are, the longest first."""


def number(config: pytest.Config) -> int:
    """How many; none for tests that are named by their file, as those are few and somebody looks at them."""
    named = [argument.partition("::")[0] for argument in config.args]
    if all(argument.endswith(".py") for argument in named):
        return 0
    return PER_PROCESSOR * len(os.sched_getaffinity(0))


def rank(item: pytest.Item) -> int:
    """The place of a test among all."""
    return next((place for place, prefix in enumerate(FIRST) if item.nodeid.startswith(prefix)), len(FIRST))


class Scheduling(LoadScopeScheduling):
    """Gives out one test after another, but what belongs together to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return next((prefix for prefix in TOGETHER if nodeid.startswith(prefix)), nodeid)
