"""The sender: a turn costs what it sends, however many wait; and nobody stands in a leaver's way."""

from __future__ import annotations

import pytest

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.actions import Deactivate
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.facts import Facts
from cxone_operator.core.knowledge import Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.patience import patience
from cxone_operator.core.plan import plan
from cxone_operator.core.seats import Quota
from cxone_operator.core.window import SlidingWindow
from cxone_operator.core.work import Phase, Planned
from cxone_operator.engine.admit.limiter import RateLimiter
from cxone_operator.engine.admit.seats import SeatGate
from cxone_operator.engine.read.quota import QuotaReader
from cxone_operator.engine.send import sender as module
from cxone_operator.engine.send.jobs import MOST, Jobs
from cxone_operator.engine.send.sender import SINGLES, Sender
from cxone_operator.scim.errors import BadRequest, NotFound, Rejected
from cxone_operator.scim.remote import Answered, Settled
from cxone_operator.scim.transport import NotSent
from cxone_operator.telemetry import metrics
from cxone_operator.telemetry.audit import Result
from unit.builders import a_remote, a_user
from unit.engine import scene as scenes
from unit.engine.fakes import FakeRemote
from unit.engine.scene import settle

MANY = 10_000


class Scene(scenes.Scene):
    """A sender with a rate limit that is out of the way, and seats for everybody."""

    def __init__(self, limit: int = 100_000, /, **spec: object) -> None:
        super().__init__(**{"license": {"mode": "None"}, "bulk": {"mode": "Off"}, **spec})
        self.remote = FakeRemote()
        self.limiter = RateLimiter(SlidingWindow(limit, -60.0), self.clocks, lambda: None)
        self.gate = SeatGate(self.memory, QuotaReader(self.memory, self.tasks))
        self.jobs = Jobs(self.memory, self.door, self.trail, self.tasks, self.persist, self.warn)
        self.sender = Sender(self.memory, self.view, self.limiter, self.gate, self.door, self.jobs, self.tasks)
        self.snapshot()

    def queue(self, lane: Lane, *names: str, alone: bool = False, **spec: object) -> list[CxoneUser]:
        """Users wait in that lane for what their plan says: joiners are absent, the others there already."""
        users = [a_user(name, **{"active": lane is not Lane.LEAVERS, **spec}) for name in names]
        for user in users:
            uid = user.metadata.uid
            self.memory.resources.put(user)
            if lane is not Lane.JOINERS:
                self.memory.directory.put(a_remote(user.metadata.name, roles=("Trainee",)), self.memory.time)
            self.memory.queues.put(uid, lane, self.memory.time, alone=alone, age=user.age_order)
            self.door.on(uid, Planned(Phase.QUEUED))
        self.memory.resources.take(MANY)
        return users

    async def turn(self, seconds: float = 10.0) -> float | None:
        """One turn, after so many seconds: enough for a batch to be as full as it gets."""
        self.time += seconds
        delay = self.sender.send(self.remote)
        await settle()
        return delay

    def sent(self) -> list[str]:
        """Names of all that was sent, in order."""
        return [item.uid.removeprefix("uid-") for batch in self.remote.sent for item in batch.items]


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """For whom the sender asked the plan."""
    asked: list[str] = []

    def counted(facts: Facts) -> object:
        asked.append(facts.user.metadata.name)
        return plan(facts)

    monkeypatch.setattr(module, "plan", counted)
    return asked


def many(prefix: str = "p") -> list[str]:
    return [f"{prefix}{number:05}" for number in range(MANY)]


def waited(lane: Lane) -> float:
    return metrics.REGISTRY.get_sample_value("cxone_operator_queue_wait_seconds_sum", {"lane": lane.label}) or 0.0


async def test_a_wait_in_a_lane_begins_when_the_lane_is_entered() -> None:
    """What came before, such as a pause after a failure or a hold of the guard, is no wait for the rate limit."""
    scene = Scene()
    scene.memory.works.open("uid-a", 0.0)
    scene.time = 5.0
    scene.queue(Lane.UPDATES, "a")
    before = waited(Lane.UPDATES)
    await scene.turn(2.0)
    assert waited(Lane.UPDATES) - before == pytest.approx(2.0)
    assert scene.sent() == ["a"]


# What a turn costs.


async def test_a_turn_without_room_plans_nothing(plans: list[str]) -> None:
    scene = Scene()
    scene.queue(Lane.JOINERS, *many())
    scene.remote.gate.clear()
    await scene.turn()
    assert len(plans) == SINGLES
    for _ in range(100):
        await scene.turn(0.1)
    assert len(plans) == SINGLES
    assert scene.remote.asked["send"] == SINGLES


async def test_a_turn_without_a_place_in_the_rate_limit_plans_nothing(plans: list[str]) -> None:
    scene = Scene(1)
    scene.limiter.window.enter(0.0)
    scene.queue(Lane.JOINERS, *many())
    assert await scene.turn()
    assert plans == []


async def test_a_turn_without_a_seat_plans_nothing(plans: list[str]) -> None:
    scene = Scene(license={"mode": "Quota"})
    scene.memory.seats.learn(Quota(10, 10), 0.0)
    scene.queue(Lane.JOINERS, *many())
    await scene.turn()
    assert plans == []


async def test_a_turn_with_as_many_jobs_as_may_be_plans_nothing(plans: list[str]) -> None:
    scene = Scene(bulk={"maxOperations": 100})
    scene.queue(Lane.JOINERS, *many())
    scene.remote.gate.clear()
    for _ in range(100):
        await scene.turn(0.1)
    assert len(plans) == MOST * 100
    assert (scene.remote.asked["send"], scene.memory.queues.depth(Lane.JOINERS)) == (MOST, MANY - MOST * 100)


async def test_requests_are_sent_as_fast_as_they_are_answered(plans: list[str]) -> None:
    """Everybody is planned once, in the order of the queue."""
    scene = Scene()
    names = many()[:100]
    scene.queue(Lane.JOINERS, *names)
    while scene.memory.queues.depth(Lane.JOINERS):
        await scene.turn(0.1)
    assert (scene.sent(), plans) == (names, names)


# One at a time, or together.


@pytest.mark.parametrize(
    ("waiting", "spec", "offered", "jobs", "singles"),
    [
        pytest.param(5, {}, True, 1, 0, id="enough for a job"),
        pytest.param(4, {}, True, 0, 4, id="too few"),
        pytest.param(5, {"mode": "Off"}, True, 0, 5, id="not wanted"),
        pytest.param(5, {}, False, 0, 5, id="not offered"),
        pytest.param(2, {"minOperations": 1}, True, 1, 0, id="sooner"),
        pytest.param(250, {"maxOperations": 100}, True, 1, 0, id="a job is full"),
    ],
)
async def test_much_work_goes_as_a_job(
    waiting: int, spec: dict[str, object], offered: bool, jobs: int, singles: int
) -> None:
    scene = Scene(bulk=spec)
    scene.remote.capabilities = Capabilities(bulk=offered)
    scene.queue(Lane.JOINERS, *many()[:waiting])
    scene.remote.gate.clear()
    await scene.turn()
    shared = [batch for batch in scene.remote.sent if batch.shared]
    assert (len(shared), len(scene.remote.sent) - len(shared)) == (jobs, singles)
    assert all(len(batch.items) == min(waiting, 100) for batch in shared)


async def test_who_must_go_alone_goes_alone() -> None:
    """Beside those who share."""
    scene = Scene(bulk={"minOperations": 2})
    scene.queue(Lane.UPDATES, "a", "b")
    scene.queue(Lane.UPDATES, "z", alone=True)
    await scene.turn()
    assert [len(batch.items) for batch in scene.remote.sent if batch.shared] == [2]
    assert [batch.items[0].uid for batch in scene.remote.sent if not batch.shared] == ["uid-z"]


async def test_work_is_gathered_before_it_is_sent() -> None:
    """The more of the rate limit is used, the longer; never in sight of a full job, nor where somebody goes alone."""
    scene = Scene(bulk={"maxOperations": 5})
    scene.queue(Lane.UPDATES, "a")
    assert await scene.turn(0.0) == pytest.approx(patience(0.0))
    scene.queue(Lane.UPDATES, "b", "c", "d", "e")
    await scene.turn(0.0)
    assert len(scene.remote.sent) == 1
    scene.queue(Lane.UPDATES, "f")
    scene.queue(Lane.UPDATES, "g", alone=True)
    await scene.turn(0.0)
    assert scene.sent()[5:] == ["f", "g"]


async def test_a_lane_that_keeps_growing_is_not_gathered_for_ever() -> None:
    scene = Scene(bulk={"maxOperations": 1000})
    for number in range(3):
        scene.queue(Lane.UPDATES, f"p{number}")
        await scene.turn(patience(0.0) * 0.9)
    assert scene.sent() == ["p0", "p1", "p2"]


# Seats.


async def test_as_many_joiners_go_as_there_are_seats_oldest_first() -> None:
    scene = Scene(license={"mode": "Quota"})
    scene.memory.seats.learn(Quota(10, 7), 10.0)
    scene.queue(Lane.JOINERS, "young", metadata={"creationTimestamp": "2026-11-03T00:00:00Z"})
    scene.queue(Lane.JOINERS, "a", "b", "c")
    await scene.turn()
    assert scene.sent() == ["a", "b", "c"]
    assert scene.memory.queues.first(Lane.JOINERS, 9, alone=False) == ["uid-young"]


async def test_who_was_promised_a_seat_needs_no_other_one() -> None:
    """A bulk job did not serve it: the attempt of its own goes on the same promise."""
    scene = Scene(license={"mode": "Quota"})
    scene.memory.seats.learn(Quota(10, 9), 10.0)
    scene.memory.seats.promise("uid-holder")
    scene.queue(Lane.JOINERS, "holder", alone=True)
    scene.queue(Lane.JOINERS, "other", alone=True)
    await scene.turn()
    assert scene.sent() == ["holder"]


# Leavers.


async def test_leavers_never_gather() -> None:
    scene = Scene(bulk={"maxOperations": 1000})
    scene.queue(Lane.LEAVERS, "jane")
    await scene.turn(0.0)
    assert scene.sent() == ["jane"]


async def test_leavers_go_first_and_beside_all_jobs() -> None:
    scene = Scene(bulk={"maxOperations": 100})
    scene.queue(Lane.JOINERS, *many())
    scene.remote.gate.clear()
    for _ in range(MOST):
        await scene.turn()
    scene.queue(Lane.LEAVERS, *(f"l{number}" for number in range(10)))
    await scene.turn(0.0)
    assert len(scene.remote.sent) == MOST + 1
    assert {item.action.name for item in scene.remote.sent[-1].items} == {"deactivate"}


async def test_a_leaver_that_has_no_place_yet_gets_the_next_one() -> None:
    """Nobody else may take it meanwhile; when the leaver is undone, everybody may again."""
    scene = Scene(1)
    async with scene.limiter.slot(Lane.JOINERS):
        scene.queue(Lane.LEAVERS, "jane")
        await scene.turn(0.0)
        assert scene.sent() == []
    scene.time += 61.0
    order: list[str] = []

    async def wants_to_join() -> None:
        async with scene.limiter.slot(Lane.JOINERS):
            order.append("joiner")

    scene.tasks.start(wants_to_join())
    await settle()
    assert order == []
    scene.memory.queues.discard("uid-jane")
    await scene.turn(0.0)
    assert order == ["joiner"]


async def test_leavers_that_have_no_room_keep_nobody_from_the_rate_limit() -> None:
    """As many requests as may be are under way for leavers: the next place is not for them."""
    scene = Scene()
    scene.remote.gate.clear()
    scene.queue(Lane.LEAVERS, *(f"l{number}" for number in range(SINGLES + 1)))
    await scene.turn(0.0)
    assert scene.memory.queues.depth(Lane.LEAVERS) == 1
    async with scene.limiter.slot(Lane.JOINERS):
        assert scene.limiter.window.in_flight == 1


# Who is not wanted any more, and what comes back.


async def test_whoever_has_no_business_in_a_queue_is_looked_at_again() -> None:
    scene = Scene()
    scene.queue(Lane.JOINERS, "jane", "john", "gone")
    scene.memory.directory.put(a_remote("john"), 0.0)
    scene.memory.resources.remove("uid-gone")
    await scene.turn()
    assert scene.sent() == ["jane"]
    assert scene.memory.queues.depth(Lane.JOINERS) == 0
    assert scene.marked() == {"jane", "john"}, "jane, as she was answered"


async def test_what_the_answer_shows_is_known_before_anybody_looks() -> None:
    scene = Scene()
    (jane,) = scene.queue(Lane.LEAVERS, "jane")
    gone = a_remote("jane", roles=("Trainee",), active=False)
    scene.remote.receipts.append(Settled({"uid-jane": Answered(Present(gone), "r-1")}))
    await scene.turn()
    assert scene.memory.directory.known("jane@example.com", scene.time) == Present(gone, 0.0)
    assert (scene.line.result, scene.line.remote_request_id) == (Result.SUCCESS, "r-1")
    assert scene.work(jane).phase is Phase.IDLE


async def test_an_answer_without_a_result_is_followed_by_a_look() -> None:
    scene = Scene()
    (jane,) = scene.queue(Lane.JOINERS, "jane")
    await scene.turn()
    assert (scene.work(jane).phase, scene.lines) == (Phase.VERIFYING, [])


async def test_a_refusal_is_told_to_its_user() -> None:
    scene = Scene()
    (jane,) = scene.queue(Lane.JOINERS, "jane")
    scene.remote.problem = BadRequest("role 'Agent' does not exist", code="400")
    await scene.turn()
    assert (scene.work(jane).phase, scene.line.error_code) == (Phase.STALLED, "400")


async def test_what_the_tenant_does_not_offer_is_learned_from_a_refusal() -> None:
    """No further user is planned to be deleted."""
    scene = Scene()
    scene.queue(Lane.LEAVERS, "jane")
    scene.remote.problem = NotFound("no such user", code="404")
    scene.remote.capabilities = Capabilities(deletes=False)
    await scene.turn()
    assert not scene.memory.capabilities.deletes


async def test_what_did_not_leave_is_planned_anew() -> None:
    """The loop ends, or another process may act by now."""
    scene = Scene()
    (jane,) = scene.queue(Lane.LEAVERS, "jane")
    scene.remote.problem = NotSent()
    await scene.turn()
    assert (scene.work(jane).phase, scene.lines) == (Phase.IDLE, [])
    assert scene.marked() == {"jane"}


async def test_the_room_of_a_request_is_free_when_it_has_ended_however_it_did() -> None:
    scene = Scene()
    for number, problem in enumerate((BadRequest("no", code="400"), NotSent(), None), start=1):
        scene.remote.problem = problem
        scene.queue(Lane.LEAVERS, *(f"p{number}{letter}" for letter in "abcdefgh"[:SINGLES]))
        await scene.turn()
        assert scene.remote.asked["send"] == number * SINGLES


async def test_more_can_be_sent_at_once_while_there_is_room() -> None:
    """The loop asks again without waiting; and not where everything is full."""
    scene = Scene(bulk={"maxOperations": 100})
    scene.remote.gate.clear()
    scene.queue(Lane.JOINERS, *many())
    assert [await scene.turn() for _ in range(MOST + 1)] == [0.0] * (MOST - 1) + [None] * 2


async def test_the_action_is_that_of_the_moment() -> None:
    """Not of when the user came into the queue."""
    scene = Scene()
    scene.queue(Lane.LEAVERS, "jane")
    changed = a_remote("jane", groups=("Other",))
    scene.memory.directory.put(changed, 1.0)
    await scene.turn()
    assert scene.remote.sent[0].items[0].action == Deactivate(changed)


async def test_a_refusal_in_a_result_is_that_refusal() -> None:
    """A 200 may say that somebody was not locked out: what it says is told, as in a request for many."""
    scene = Scene()
    (leaver,) = scene.queue(Lane.LEAVERS, "jane")
    failure = Rejected("CXone did not deactivate this user", code="200").failure
    scene.remote.receipts.append(Settled({leaver.metadata.uid: failure}))
    await scene.turn()
    work = scene.memory.works.get(leaver.metadata.uid)
    assert work is not None
    assert work.failure is not None
    assert work.failure.message == "CXone did not deactivate this user"
