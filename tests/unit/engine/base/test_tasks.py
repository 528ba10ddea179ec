"""Background work: started freely, ended together, never failing in silence."""

from __future__ import annotations

import asyncio

import pytest

from cxone_operator.engine.base import tasks as module
from cxone_operator.engine.base.tasks import Tasks
from unit.engine.scene import loop_time, settle

pytestmark = pytest.mark.looptime


async def test_what_is_asleep_ends_at_once_and_the_rest_gets_its_time() -> None:
    tasks, done = Tasks(), list[str]()

    async def work(name: str, seconds: float, *, asleep: bool) -> None:
        await (tasks.sleep(seconds) if asleep else asyncio.sleep(seconds))
        done.append(name)

    for name, seconds, asleep in (("asleep", 60.0, True), ("soon", 3.0, False), ("hangs", 60.0, False)):
        tasks.start(work(name, seconds, asleep=asleep))
    await settle()
    await tasks.finish(8.0)
    assert (done, loop_time(), len(tasks)) == (["soon"], pytest.approx(8.0, abs=0.1), 0)


async def test_nobody_waits_for_nothing() -> None:
    tasks = Tasks()
    tasks.start(tasks.sleep(60.0))
    await settle()
    await tasks.finish(8.0)
    assert loop_time() == pytest.approx(0.0, abs=0.1)


async def test_who_falls_asleep_after_the_end_ends() -> None:
    tasks = Tasks()
    await tasks.finish(0.0)
    with pytest.raises(asyncio.CancelledError):
        await tasks.sleep(60.0)


async def test_a_sleep_takes_its_time() -> None:
    await Tasks().sleep(60.0)
    assert loop_time() == pytest.approx(60.0, abs=0.1)


async def test_a_failure_is_said_and_stops_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[BaseException] = []
    monkeypatch.setattr(module.log, "error", lambda _, exc_info: said.append(exc_info))
    tasks, done = Tasks(), list[bool]()

    async def fails() -> None:
        raise RuntimeError("a bug")

    async def works() -> None:
        await asyncio.sleep(1.0)
        done.append(True)

    tasks.start(fails())
    tasks.start(works())
    await asyncio.sleep(2.0)
    assert ([str(error) for error in said], done, len(tasks)) == (["a bug"], [True], 0)
