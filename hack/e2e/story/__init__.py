"""What happens on the cluster, day by day. A step is a function: its first line says what is shown, its result what was
seen; it raises where that is not what must be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from e2e.story import company_network, disruptions, helm, installing, leaving, observing, people, policies, rotation
from e2e.story.company import Company

Step = Callable[[Company], str]
C = TypeVar("C", bound=Company)
STEPS: tuple[Step, ...] = (
    *installing.STEPS,
    *people.STEPS,
    *observing.STEPS,
    *disruptions.STEPS,
    *rotation.STEPS,
    *policies.STEPS,
    *company_network.STEPS,
    *leaving.STEPS,
    *helm.STEPS,
)


def tell(company: C, steps: Iterable[Callable[[C], str]]) -> None:
    """All of them, a line for each."""
    for step in steps:
        started = time.monotonic()
        title = (step.__doc__ or step.__name__).splitlines()[0]
        seen = step(company)
        print(f"{time.monotonic() - started:6.1f} s  {title}: {seen}", flush=True)
