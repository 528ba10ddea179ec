"""The rate limit: never more than so many requests in any minute."""

from __future__ import annotations

import random
from bisect import bisect_left
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from contract.simulator.stage import ERROR_SCHEMA, USERS, Clock, stage_of
from cxone_simulator.settings import Settings
from cxone_simulator.throttle import Throttle


@pytest.mark.parametrize("seed", range(5))
def test_never_101_in_any_minute(seed: int):
    """However the requests arrive, no window of 60 s has more than the limit, and none is refused without need."""
    random_ = random.Random(seed)
    throttle, now, admitted = Throttle(), 0.1, []
    for _ in range(3000):
        now += random_.choice([0.0, 0.01, 0.3, 0.6, 1.7])
        wait = throttle.admit(100, now)
        if wait == 0.0:
            admitted.append(now)
        else:
            assert 0 < wait <= 60
            assert len([at for at in admitted if now - at < 60]) == 100
    for index, end in enumerate(admitted):
        first = bisect_left(admitted, True, key=lambda at, end=end: end - at < 60)
        assert index - first + 1 <= 100
    assert throttle.most_in_window == 100


@pytest.mark.parametrize("start", [0.1, 0.7, 1e9 + 0.3, 123456.789])
def test_whoever_waits_as_told_is_admitted(start: float):
    """The seconds to wait are enough, to the last bit of a float."""
    throttle, now = Throttle(), start
    for _ in range(500):
        wait = throttle.admit(3, now)
        now += wait + 0.001 if wait else 0.1
        if wait:
            assert throttle.admit(3, now) == 0.0
    assert throttle.most_in_window == 3


def test_a_lower_limit_holds_at_once():
    """After the limit was lowered, the wait is until so many have left the window."""
    throttle = Throttle()
    for second in range(10):
        assert throttle.admit(10, float(second)) == 0.0
    assert throttle.admit(2, 10.0) == 58.0
    assert throttle.admit(2, 67.9) > 0
    assert throttle.admit(2, 68.0) == 0.0


async def test_429_says_when_to_come_back():
    """Retry-After in whole seconds is exact: one second before is too early."""
    async with stage_of(Settings(requests_per_minute=3), Clock()) as stage:
        statuses = [(await stage.call("GET", USERS)).status for _ in range(4)]
        assert statuses == [200, 200, 200, 429]
        answer = await stage.call("GET", "/api/v2/license/quotas")
        assert (answer.status, answer.body["schemas"]) == (429, [ERROR_SCHEMA])
        assert answer.headers["Retry-After"] == "60"
        stage.clock.now += 59
        assert (await stage.call("GET", USERS)).headers["Retry-After"] == "1"
        stage.clock.now += 1
        assert (await stage.call("GET", USERS)).status == 200
        stats = await stage.control("GET", "stats")
        assert (stats["throttled"], stats["max_in_window"]) == (3, 3)


async def test_retry_after_as_a_date():
    """The other form of RFC 9110: a date in GMT."""
    async with stage_of(Settings(requests_per_minute=1, retry_after_form="date")) as stage:
        await stage.call("GET", USERS)
        text = (await stage.call("GET", USERS)).headers["Retry-After"]
        assert text.endswith(" GMT")
        assert 55 < (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds() < 65


async def test_tokens_and_control_are_free():
    """Neither the token endpoint nor the control endpoint uses up the limit."""
    async with stage_of(Settings(requests_per_minute=1)) as stage:
        for _ in range(5):
            assert (await stage.token()).status == 200
            await stage.control("GET", "stats")
        assert (await stage.call("GET", USERS)).status == 200
