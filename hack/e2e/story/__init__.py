"""What happens on the cluster, day by day. A step is a function: its first line says what is shown, its result what was
seen; it raises where that is not what must be."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from e2e.cluster import Cluster
from e2e.images import Image
from e2e.story import disruptions, gitops, helm, installing, leaving, observing, people, policies, rotation
from e2e.story.company import Company
from e2e.story.gitops.company import GitOps

C = TypeVar("C", bound=Company)
WEEK = (
    *installing.STEPS,
    *people.STEPS,
    *observing.STEPS,
    *disruptions.STEPS,
    *rotation.STEPS,
    *policies.STEPS,
    *leaving.STEPS,
    *helm.STEPS,
)


def week(cluster: Cluster, images: Sequence[Image]) -> None:
    """A company's first week."""
    _tell(Company(cluster, images), WEEK)


def with_argo_cd(cluster: Cluster, images: Sequence[Image]) -> None:
    """The same company, where everything comes from Git."""
    _tell(GitOps(cluster, images), gitops.STEPS)


STORIES = {"week": week, "argocd": with_argo_cd}


def _tell(company: C, steps: Sequence[Callable[[C], str]]) -> None:
    """All of it, a line for each step."""
    for step in steps:
        started = time.monotonic()
        title = (step.__doc__ or step.__name__).splitlines()[0]
        seen = step(company)
        print(f"{time.monotonic() - started:6.1f} s  {title}: {seen}", flush=True)
