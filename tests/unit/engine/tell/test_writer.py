"""The status writer: however many writes are wanted, a bounded number is under way, and none is lost."""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import pairwise

import pytest

from cxone_operator.cluster.errors import Unreachable
from cxone_operator.engine.tell.writer import PLACES, Urgency, Write, Writer
from unit.engine.scene import clocks, loop_time, settle, until

pytestmark = pytest.mark.looptime

MANY = 10_000


class Scene:
    """A writer, and an API server that answers when it is told to."""

    def __init__(self, places: int = PLACES) -> None:
        self.writer = Writer(clocks(loop_time), places)
        self.gate = asyncio.Event()
        self.problems: deque[BaseException] = deque()
        """What the next writes raise."""
        self.begun: list[str] = []
        """What set out, in order."""
        self.done: list[str] = []
        self.times: list[float] = []
        """When each set out."""
        self.under_way = self.most = self.most_tasks = 0

    def put(self, uid: str, *, urgency: Urgency = Urgency.FINAL, tenant: str = "t", text: str = "") -> None:
        self.writer.put(Write(tenant, uid, urgency, lambda: self._write(text or uid)))

    async def _write(self, text: str) -> None:
        self.begun.append(text)
        self.times.append(loop_time())
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.most_tasks = max(self.most_tasks, len(asyncio.all_tasks()))
        try:
            await self.gate.wait()
            if self.problems:
                raise self.problems.popleft()
            self.done.append(text)
        finally:
            self.under_way -= 1

    async def one_ends(self) -> None:
        """The API server answers those that are under way, and takes its time for those that follow."""
        self.gate.set()
        await asyncio.sleep(0)
        self.gate.clear()
        await settle()

    async def drain(self) -> None:
        self.gate.set()
        await until(lambda: not len(self.writer) and not self.writer.sending, pause=0.1)


# Places.


async def test_never_more_than_its_places_are_under_way() -> None:
    """And whoever waits is no task."""
    scene = Scene()
    before = len(asyncio.all_tasks())
    for number in range(MANY):
        scene.put(f"uid-{number}")
    await settle()
    assert (scene.writer.sending, len(scene.writer), scene.under_way) == (PLACES, MANY - PLACES, PLACES)
    await scene.drain()
    assert (scene.most, len(scene.done), len(set(scene.done))) == (PLACES, MANY, MANY)
    assert scene.most_tasks <= before + 2 * PLACES


async def test_waiting_for_a_place_is_no_failure() -> None:
    """And has no time limit."""
    scene = Scene(places=1)
    scene.put("a")
    scene.put("b")
    await asyncio.sleep(24 * 3600)
    assert (scene.begun, len(scene.writer)) == (["a"], 1)
    await scene.drain()
    assert scene.done == ["a", "b"]


# One write for each user.


async def test_one_write_waits_for_each_user_and_the_newest_wins() -> None:
    """As it knows more."""
    scene = Scene(places=1)
    scene.put("other")
    for number in range(MANY):
        scene.put("jane", text=f"jane {number}")
    assert len(scene.writer) == 1
    await scene.drain()
    assert scene.done == ["other", f"jane {MANY - 1}"]


async def test_a_newer_write_may_be_more_urgent() -> None:
    scene = Scene(places=1)
    scene.put("other")
    scene.put("john", urgency=Urgency.FINAL)
    scene.put("jane", urgency=Urgency.INTERIM, text="interim")
    scene.put("jane", urgency=Urgency.LEAVER, text="leaver")
    await scene.drain()
    assert scene.done == ["other", "leaver", "john"]


async def test_a_user_is_written_by_one_at_a_time() -> None:
    """The write under way brings a newer version, by which the user is looked at again."""
    scene = Scene()
    scene.put("jane", text="first")
    await settle()
    assert scene.writer.is_sending("jane")
    scene.put("jane", text="second")
    await settle()
    assert scene.under_way == 1
    await scene.drain()
    assert (scene.done, scene.writer.is_sending("jane")) == (["first"], False)


async def test_what_is_withdrawn_is_not_written() -> None:
    """What is under way goes on."""
    scene = Scene(places=1)
    for uid in ("a", "b", "c"):
        scene.put(uid)
    await settle()
    for uid in ("a", "b", "nobody"):
        scene.writer.withdraw(uid)
    await scene.drain()
    assert scene.done == ["a", "c"]


# Who goes first.


async def test_a_leaver_that_comes_last_goes_next() -> None:
    scene = Scene()
    for number in range(MANY):
        scene.put(f"uid-{number}")
    scene.put("leaver", urgency=Urgency.LEAVER)
    await scene.one_ends()
    assert scene.begun.index("leaver") == PLACES
    await scene.drain()


async def test_what_is_final_goes_before_news_of_a_wait() -> None:
    scene = Scene(places=1)
    scene.put("busy")
    for urgency in (Urgency.INTERIM, Urgency.FINAL, Urgency.LEAVER):
        scene.put(urgency.name, urgency=urgency)
    await scene.drain()
    assert scene.done == ["busy", "LEAVER", "FINAL", "INTERIM"]


async def test_tenants_take_turns() -> None:
    """A small one does not wait for a flood of another; in a tenant it is first come, first served."""
    scene = Scene(places=1)
    for number in range(MANY):
        scene.put(f"large-{number}", tenant="large")
    for number in range(10):
        scene.put(f"small-{number}", tenant="small")
    await scene.drain()
    small = [place for place, uid in enumerate(scene.done) if uid.startswith("small")]
    assert small[-1] <= 20
    assert [uid for uid in scene.done if uid.startswith("large")] == [f"large-{number}" for number in range(MANY)]


async def test_who_has_written_nothing_for_long_has_saved_nothing_up() -> None:
    """It takes turns from now on, and does not catch up on what others have written meanwhile."""
    scene = Scene(places=1)
    for number in range(100):
        scene.put(f"early-{number}", tenant="early")
    await scene.drain()
    scene.gate.clear()
    scene.put("busy", tenant="early")
    for number in range(4):
        scene.put(f"late-{number}", tenant="late")
        scene.put(f"more-{number}", tenant="early")
    await scene.drain()
    last = [uid.split("-")[0] for uid in scene.done[101:]]
    assert sorted(last[:4]) == ["late", "late", "more", "more"]


# An API server that is away.


async def test_an_api_server_that_is_away_loses_nothing() -> None:
    """All that were turned away together are one lesson: one rest, that grows while it lasts."""
    scene = Scene()
    for number in range(100):
        scene.put(f"uid-{number}")
    scene.gate.set()
    scene.problems.extend(Unreachable("away") for _ in range(5 * PLACES))
    await scene.drain()
    assert sorted(scene.done) == sorted(f"uid-{number}" for number in range(100))
    began = sorted({round(time, 3) for time in scene.times})
    assert [round(later - earlier, 1) for earlier, later in pairwise(began)][:5] == [1, 2, 4, 8, 8]
    assert len(scene.begun) == 100 + 5 * PLACES


async def test_a_success_ends_the_growth() -> None:
    scene = Scene(places=1)
    scene.gate.set()
    for uid in ("a", "b"):
        scene.problems.extend([Unreachable("away"), Unreachable("away")])
        scene.put(uid)
        await scene.drain()
    pauses = [later - earlier for earlier, later in pairwise(scene.times)]
    assert [round(pause) for pause in pauses[:2]] == [round(pause) for pause in pauses[3:]] == [1, 2]


async def test_nobody_is_sent_before_the_pause_has_passed() -> None:
    """A leaver neither: it would be turned away, too."""
    scene = Scene()
    scene.gate.set()
    scene.problems.append(Unreachable("away"))
    scene.put("jane")
    await settle()
    scene.put("leaver", urgency=Urgency.LEAVER)
    await asyncio.sleep(0.9)
    assert (scene.begun, scene.under_way) == (["jane"], 0)
    await asyncio.sleep(0.2)
    assert scene.done == ["leaver", "jane"]


async def test_who_was_turned_away_does_not_overtake_what_is_newer() -> None:
    """A write for the same user that came meanwhile knows more."""
    scene = Scene(places=1)
    scene.put("jane", text="old")
    await settle()
    scene.problems.append(Unreachable("away"))
    scene.put("jane", text="new")
    await scene.drain()
    assert scene.done == ["new"]


async def test_a_write_that_the_fence_has_cancelled_is_done_again() -> None:
    """The Lease may be renewed in a moment; until then, the others wait as well."""
    scene = Scene()
    scene.gate.set()
    scene.problems.append(asyncio.CancelledError())
    scene.put("jane")
    await settle()
    assert (scene.done, scene.writer.sending, len(scene.writer)) == ([], 0, 1)
    scene.put("john")
    await settle()
    assert scene.begun == ["jane"]
    await scene.drain()
    assert sorted(scene.done) == ["jane", "john"]


# The end.


async def test_at_the_end_what_is_under_way_is_finished_and_nothing_else() -> None:
    scene = Scene(places=1)
    scene.put("a")
    scene.put("b")
    await settle()
    asyncio.get_running_loop().call_later(3.0, scene.gate.set)
    await scene.writer.stop(8.0)
    scene.put("c")
    await settle()
    assert (scene.done, scene.begun, loop_time()) == (["a"], ["a"], pytest.approx(3.0, abs=0.1))


async def test_the_end_waits_no_longer_than_it_was_told() -> None:
    """A write that hangs is given up, and not sent again."""
    scene = Scene()
    scene.put("a")
    await settle()
    await scene.writer.stop(8.0)
    assert (scene.under_way, loop_time()) == (0, pytest.approx(8.0, abs=0.1))
    scene.gate.set()
    await asyncio.sleep(60.0)
    assert (scene.begun, scene.done) == (["a"], [])


async def test_the_end_does_not_wait_for_a_pause() -> None:
    scene = Scene()
    scene.gate.set()
    scene.problems.append(Unreachable("away"))
    scene.put("a")
    await settle()
    await scene.writer.stop(8.0)
    assert loop_time() == pytest.approx(0.0, abs=0.5)
    await asyncio.sleep(60.0)
    assert scene.done == []
