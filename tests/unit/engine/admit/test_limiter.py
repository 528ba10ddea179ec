"""The rate limiter: who waits goes by lane and arrival, and nobody waits in front of an open circuit."""

from __future__ import annotations

import asyncio

import pytest

from cxone_operator.api.reasons import Reason
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.lane import Lane
from cxone_operator.core.window import MARGIN_SECONDS, WINDOW_SECONDS, SlidingWindow
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.scim.errors import CircuitOpen
from cxone_operator.scim.transport import NotSent
from unit.engine.scene import clocks, loop_time, settle

pytestmark = pytest.mark.looptime

BROKEN = Failure(Reason.REMOTE_UNAVAILABLE, "CXone answered 503", retryable=True, code="503")
BUSY = Failure(
    Reason.RATE_LIMITED, "CXone answered 429", retryable=True, scope=Scope.TENANT, retry_after=7.0, code="429"
)


class Scene:
    """A limiter of a process that is not new, and requests that end when they are told to."""

    def __init__(self, limit: int = 1, reserved: int = 0) -> None:
        self.throttled = 0
        self.limiter = RateLimiter(SlidingWindow(limit, -WINDOW_SECONDS, reserved), clocks(loop_time), self._count)
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.turned_away: dict[str, type[BaseException]] = {}
        self.order: list[str] = []
        """Who got a place, in that order."""
        self.times: list[float] = []
        self.answers = asyncio.Event()
        self.answers.set()

    def _count(self) -> None:
        self.throttled += 1

    async def ask(self, name: str, lane: Lane = Lane.UPDATES) -> None:
        """A request comes and waits."""
        self.tasks[name] = asyncio.create_task(self._request(name, lane))
        await settle()

    async def _request(self, name: str, lane: Lane) -> None:
        try:
            async with self.limiter.slot(lane):
                self.order.append(name)
                self.times.append(loop_time())
                await self.answers.wait()
        except BaseException as error:
            self.turned_away[name] = type(error)
            raise

    async def all(self) -> None:
        """Until each has ended."""
        await asyncio.wait(self.tasks.values())

    def opens(self) -> None:
        """CXone as a whole fails."""
        for _ in range(5):
            self.limiter.answered(BROKEN)
        assert self.limiter.circuit.is_open


async def test_places_go_by_lane_first_and_by_arrival_second() -> None:
    scene = Scene()
    await scene.ask("first", Lane.BACKGROUND)
    for number in (1, 2):
        for lane in (Lane.BACKGROUND, Lane.JOINERS, Lane.UPDATES, Lane.LEAVERS):
            await scene.ask(f"{lane.label} {number}", lane)
    await scene.all()
    lanes = ("leavers", "updates", "joiners", "background")
    assert scene.order == ["first", *(f"{lane} {number}" for lane in lanes for number in (1, 2))]


async def test_no_window_sees_more_than_the_limit() -> None:
    """Whoever waits is woken when there is a place, and not before."""
    scene = Scene(10)
    for number in range(100):
        await scene.ask(str(number))
    await scene.all()
    window = WINDOW_SECONDS + MARGIN_SECONDS
    assert [scene.times[place + 10] - scene.times[place] for place in range(90)] == pytest.approx(
        [window] * 90, abs=0.1
    )


async def test_a_place_is_held_until_the_answer_has_come() -> None:
    """It counts from then on."""
    scene = Scene()
    scene.answers.clear()
    await scene.ask("slow")
    await scene.ask("next")
    await asyncio.sleep(100.0)
    assert (scene.order, scene.limiter.window.in_flight) == (["slow"], 1)
    scene.answers.set()
    await scene.all()
    assert scene.times[1] == pytest.approx(100.0 + WINDOW_SECONDS + MARGIN_SECONDS, abs=0.5)


async def test_a_request_that_fails_or_is_cancelled_gives_its_place_back() -> None:
    scene = Scene(3)
    scene.answers.clear()
    await scene.ask("a")
    await scene.ask("b")
    scene.tasks["a"].cancel()
    with pytest.raises(RuntimeError):
        async with scene.limiter.slot(Lane.UPDATES):
            raise RuntimeError
    await settle()
    assert scene.limiter.window.in_flight == 1
    scene.answers.set()
    await scene.all()
    assert scene.limiter.window.in_flight == 0


async def test_who_gives_up_waiting_stands_in_nobodys_way() -> None:
    scene = Scene()
    await scene.ask("first")
    await scene.ask("gives up", Lane.LEAVERS)
    await scene.ask("next")
    scene.tasks["gives up"].cancel()
    await asyncio.sleep(WINDOW_SECONDS + 1)
    assert scene.order == ["first", "next"]


# Leavers.


async def test_nobody_takes_the_place_of_a_leaver_that_is_about_to_be_sent() -> None:
    """A request that waits in line itself could not be called back, should the lock-out be undone meanwhile."""
    scene = Scene(2)
    scene.limiter.expect_leavers(True)
    await scene.ask("joiner", Lane.JOINERS)
    await scene.ask("leaver", Lane.LEAVERS)
    assert scene.order == ["leaver"]
    scene.limiter.expect_leavers(False)
    await settle()
    assert scene.order == ["leaver", "joiner"]


async def test_some_of_each_window_is_for_leavers_only() -> None:
    scene = Scene(10, reserved=2)
    for number in range(20):
        await scene.ask(str(number), Lane.JOINERS)
    assert len(scene.order) == 8
    await scene.ask("leaver", Lane.LEAVERS)
    assert scene.order[-1] == "leaver"
    assert scene.limiter.remaining == 1
    scene.limiter.close()
    await scene.all()


# What can be sent.


async def test_the_delay_is_that_of_a_new_request() -> None:
    scene = Scene()
    assert (scene.limiter.delay(Lane.UPDATES), scene.limiter.remaining, scene.limiter.usage) == (0.0, 1, 0.0)
    await scene.ask("first")
    await scene.all()
    assert scene.limiter.delay(Lane.LEAVERS) == pytest.approx(WINDOW_SECONDS + MARGIN_SECONDS, abs=0.1)
    assert (scene.limiter.remaining, scene.limiter.usage) == (0, 1.0)


async def test_whoever_waits_before_is_a_delay_and_whoever_waits_behind_is_none() -> None:
    scene = Scene(2)
    scene.limiter.expect_leavers(True)
    await scene.ask("joiner", Lane.JOINERS)
    assert scene.limiter.delay(Lane.UPDATES) == 0.0
    assert scene.limiter.delay(Lane.JOINERS) > 0.0
    scene.limiter.close()
    await scene.all()


async def test_a_429_is_counted_and_obeyed() -> None:
    scene = Scene(100)
    scene.limiter.answered(BUSY)
    assert (scene.throttled, scene.limiter.delay(Lane.LEAVERS)) == (1, pytest.approx(7.0, abs=0.1))
    await scene.ask("next")
    await scene.all()
    assert scene.times[0] == pytest.approx(7.0, abs=0.1)
    assert not scene.limiter.circuit.is_open


# The circuit.


async def test_nobody_waits_in_front_of_an_open_circuit() -> None:
    """What is wanted may be something else when it closes."""
    scene = Scene()
    await scene.ask("first")
    await scene.ask("waiting")
    scene.opens()
    await settle()
    await scene.ask("later")
    await scene.all()
    assert scene.turned_away == {"waiting": CircuitOpen, "later": CircuitOpen}
    assert (scene.order, loop_time()) == (["first"], pytest.approx(0.0, abs=0.1))


async def test_one_request_finds_out_whether_it_is_over() -> None:
    """The others do not wait for it."""
    scene = Scene(100)
    scene.opens()
    await asyncio.sleep(scene.limiter.circuit.remaining(loop_time()) + 0.1)
    scene.answers.clear()
    await scene.ask("probe")
    await scene.ask("other")
    scene.answers.set()
    await scene.all()
    assert (scene.order, scene.turned_away) == (["probe"], {"other": CircuitOpen})
    await scene.ask("next probe")
    assert scene.order == ["probe", "next probe"], "it is tried again, as nobody has said how it ended"
    scene.limiter.answered(None)
    await scene.ask("everybody")
    assert scene.order[-1] == "everybody"


# The end.


async def test_at_the_end_whoever_waits_is_sent_away() -> None:
    """Whoever is under way is waited for."""
    scene = Scene()
    scene.answers.clear()
    await scene.ask("under way")
    await scene.ask("waiting")
    scene.limiter.close()
    await settle()
    assert scene.turned_away == {"waiting": NotSent}
    scene.answers.set()
    await scene.all()
    assert scene.order == ["under way"]
