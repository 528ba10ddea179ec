"""Clocks: between the time of people and that of the loop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cxone_operator.engine.base.clocks import moment_of
from unit.builders import NOW
from unit.engine.scene import clocks


def test_the_past_is_before_now_and_the_future_has_just_happened() -> None:
    """Another process may have a clock that is ahead of ours."""
    found = clocks(lambda: 100.0)
    now = found.now()
    assert now == NOW + timedelta(seconds=100)
    assert (found.moment(now - timedelta(seconds=30)), found.moment(now + timedelta(hours=1))) == (70.0, 100.0)
    assert found.after(30.0) == now + timedelta(seconds=30)


@pytest.mark.parametrize("text", ["2026-11-23T12:00:00Z", "2026-11-23T12:00:00", "2026-11-23T13:00:00+01:00"])
def test_a_time_without_a_zone_is_utc(text: str) -> None:
    assert moment_of(text) == datetime(2026, 11, 23, 12, tzinfo=UTC)
