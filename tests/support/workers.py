"""Several tests at once: how many workers there are, which tests belong together, and in which order they come.

Most tests of processes wait: for a Lease, a job, the end of a doubt. So there are more workers than processors. A
worker takes the next test whenever it has run out, in the order in which they are arranged here: those that wait and
those that compute alternate, so that neither kind is ever alone, and the long waits come first, so that all workers
end at about the same time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadScopeScheduling

PER_PROCESSOR = 4
"""Workers for each processor, where tests wait."""
TOGETHER = (
    (
        "tests/chaos/processes/test_api_server.py",
        "tests/integration/test_upgrade.py",
        "tests/integration/bridge/test_flood.py",
        "tests/integration/bridge/test_events.py::test_the_api_server_is_away",
    ),
    ("tests/docs/test_command_blocks.py::test_a_page_from_nothing",),
    ("tests/docs/test_command_blocks.py",),
    ("tests/manifests/test_admission.py",),
    ("tests/manifests/test_rights.py",),
    ("tests/manifests/test_image.py",),
    ("tests/integration/test_wrong_order.py",),
    ("tests/chaos/simulation/test_crowd.py",),
)
"""Where tests share what is costly to make: a control plane that they break, or with controllers, an image, a crowd."""
WAITING = (
    "tests/chaos/processes/test_random.py",
    "tests/integration/test_guard.py",
    "tests/integration/",
    "tests/chaos/processes/test_named_faults.py",
    "tests/chaos/processes/",
    "tests/manifests/",
)
"""Where tests wait, the longest first; all others compute."""
_LONG = (*(prefix for group in TOGETHER for prefix in group), *WAITING)


def number(config: pytest.Config) -> int:
    """How many; none for tests that are named by their file, as those are few and somebody looks at them."""
    named = [argument.partition("::")[0] for argument in config.args]
    if all(argument.endswith(".py") for argument in named):
        return 0
    waiting = "not integration" not in config.option.markexpr
    return (PER_PROCESSOR if waiting else 1) * len(os.sched_getaffinity(0))


def arranged(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """In the order in which they are given out: each kind is spread over the whole run."""
    kinds: dict[str, list[pytest.Item]] = {"waits": [], "campaign": [], "computes": []}
    for item in items:
        kinds[_kind(item)].append(item)
    kinds["waits"].sort(key=_place)
    moments = {item: place / len(kind) for kind in kinds.values() for place, item in enumerate(kind)}
    return sorted(items, key=moments.__getitem__)


def _kind(item: pytest.Item) -> str:
    if item.get_closest_marker("campaign") is not None:
        return "campaign"
    return "waits" if _place(item) < len(_LONG) else "computes"


def _place(item: pytest.Item) -> int:
    """Among those that wait."""
    return next((place for place, prefix in enumerate(_LONG) if item.nodeid.startswith(prefix)), len(_LONG))


class Scheduling(LoadScopeScheduling):
    """Gives out one test after another, but what belongs together to one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return next((group[0] for group in TOGETHER if nodeid.startswith(group)), nodeid)
