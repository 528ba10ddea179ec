"""A visit: the checks one after the other, each in its time, and none that makes no sense after another has failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from cxone_operator.cluster.errors import ClusterError, Unreachable
from cxone_operator.doctor.check import Check, Outcome, failed, skipped, told
from cxone_operator.scim.errors import MalformedAnswer, ScimError, ServerError, Throttled, Unavailable

STEP_SECONDS = 8.0
"""The longest that one step may take; a healthy one takes a tenth of a second."""
VISIT_SECONDS = 25.0
"""All of them together: whoever waits for the answer waits for less than half a minute."""
_REMEDIES: tuple[tuple[type[ScimError], str], ...] = (
    (Throttled, "ask again in a minute; if it lasts, lower spec.rateLimit.requestsPerMinute, or see who else asks"),
    (MalformedAnswer, "correct spec.baseURL, or what stands before CXone: a proxy, a gateway or a login page answers"),
    (ServerError, "ask again in a minute; if it lasts, ask CXone's support"),
    (Unavailable, "correct spec.baseURL, or let the operator out to it"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something to look at."""

    name: str
    look: Callable[[], Awaitable[Sequence[Check]]]
    """May raise ScimError and ClusterError."""
    needs: tuple[str, ...] = ()
    """Steps without whose success there is nothing to see."""


async def visit(steps: Iterable[Step], done: Callable[[], object]) -> list[Check]:
    """All that was found, in order; `done` is called after each step."""
    found: list[Check] = []
    stopped: set[str] = set()
    ends = asyncio.get_running_loop().time() + VISIT_SECONDS
    for step in steps:
        lacking = next((name for name in step.needs if name in stopped), None)
        checks = [skipped(step.name, f"because of: {lacking}")] if lacking else await _take(step, ends)
        if any(check.outcome in (Outcome.FAILED, Outcome.SKIPPED) for check in checks):
            stopped.add(step.name)
        found += checks
        done()
    return found


async def _take(step: Step, ends: float) -> Sequence[Check]:
    seconds = min(STEP_SECONDS, ends - asyncio.get_running_loop().time())
    try:
        async with asyncio.timeout(seconds):
            return await step.look()
    except ScimError as error:
        return [of_scim(step.name, error)]
    except ClusterError as error:
        return [_of_cluster(step.name, error)]
    except TimeoutError:
        text = f"no answer after {max(0.0, seconds):.0f} s"
        return [failed(step.name, text, "ask again; if it lasts, see what is slow on the way")]


def of_scim(name: str, error: ScimError) -> Check:
    """What CXone's refusal, or its silence, means."""
    remedy = next((text for kind, text in _REMEDIES if isinstance(error, kind)), "correct the tenant's settings")
    return told(name, Outcome.FAILED, error.message, remedy)


def _of_cluster(name: str, error: ClusterError) -> Check:
    if isinstance(error, Unreachable):
        return failed(name, str(error), "check KUBECONFIG or --context, and that the API server runs")
    return failed(name, str(error), "ask an administrator of the cluster for the right to read this")
