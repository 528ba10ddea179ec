"""The order of a visit: what is skipped, what takes too long, and what an error means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from cxone_operator.cluster.errors import ClusterError, Forbidden, Unreachable
from cxone_operator.doctor.check import Check, Outcome, ok, told, warning
from cxone_operator.doctor.visit import STEP_SECONDS, VISIT_SECONDS, Step, visit
from cxone_operator.scim.errors import (
    AuthenticationFailed,
    MalformedAnswer,
    Misfit,
    Rejected,
    ScimError,
    ServerError,
    Throttled,
    Unavailable,
)

pytestmark = pytest.mark.looptime
Look = Callable[[], Awaitable[Sequence[Check]]]


def finds(*checks: Check) -> Look:
    async def look() -> Sequence[Check]:
        return checks

    return look


def raises(error: Exception) -> Look:
    async def look() -> Sequence[Check]:
        raise error

    return look


async def hangs() -> Sequence[Check]:
    await asyncio.sleep(3600)
    return ()


async def seen(*steps: Step) -> list[tuple[str, str]]:
    return [(check.name, check.outcome.value) for check in await visit(steps, lambda: None)]


async def test_what_needs_a_failed_one_is_skipped_and_so_is_what_needs_that() -> None:
    """A warning stops nobody."""
    found = await seen(
        Step("a", raises(Unavailable("no"))),
        Step("b", finds(ok("b", "")), ("a",)),
        Step("c", finds(ok("c", "")), ("b",)),
        Step("d", finds(warning("d", "", ""))),
        Step("e", finds(ok("e", "")), ("d",)),
    )
    assert found == [("a", "failed"), ("b", "skipped"), ("c", "skipped"), ("d", "warning"), ("e", "ok")]


async def test_nobody_waits_for_long() -> None:
    """Neither for one nor for all."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    steps = [Step(str(number), hangs) for number in range(20)]
    found = await visit(steps, lambda: None)
    assert loop.time() - began == pytest.approx(VISIT_SECONDS, abs=0.5)
    assert {check.outcome for check in found} == {Outcome.FAILED}
    assert f"after {STEP_SECONDS:.0f} s" in found[0].seen


async def test_every_step_is_counted() -> None:
    """For whoever shows how far it is."""
    done: list[int] = []
    await visit([Step("a", raises(Forbidden("no"))), Step("b", finds(), ("a",))], lambda: done.append(1))
    assert len(done) == 2


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (AuthenticationFailed("CXone refuses it; correct the Secret"), "correct the Secret"),
        (Misfit("no users; correct spec.api"), "correct spec.api"),
        (Throttled("CXone answered 429"), "lower spec.rateLimit"),
        (ServerError("CXone answered 500"), "CXone's support"),
        (MalformedAnswer("not JSON"), "a proxy, a gateway"),
        (Unavailable("no connection"), "let the operator out"),
        (Rejected("CXone answered 418"), "correct the tenant's settings"),
        (Unreachable("the API server cannot be reached"), "check KUBECONFIG"),
        (Forbidden("the API server answered 403"), "an administrator of the cluster"),
    ],
)
async def test_every_error_has_a_remedy(error: ScimError | ClusterError, remedy: str) -> None:
    """Its own, where it has one."""
    (check,) = await visit([Step("a", raises(error))], lambda: None)
    assert check.outcome is Outcome.FAILED
    assert remedy in check.remedy


def test_a_message_has_its_remedy_behind_the_semicolon() -> None:
    """The first one; without any, the one that is given."""
    assert told("a", Outcome.FAILED, "what; do this; or that").remedy == "do this; or that"
    assert told("a", Outcome.FAILED, "what", "do").remedy == "do"
