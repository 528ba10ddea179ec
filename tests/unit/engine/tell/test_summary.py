"""The summary: what the status of a tenant says, from what its loop knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import pytest

from cxone_operator.api.conditions import AUTHENTICATED, CIRCUIT_OPEN, DEPROVISIONING_HELD, READY
from cxone_operator.api.tenant import (
    BulkJob,
    DeprovisioningStatus,
    Licenses,
    UserCounts,
)
from cxone_operator.core.circuit import Circuit
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.engine.memory.leavers import Hold
from cxone_operator.engine.tell import summary as module
from unit.builders import a_remote, a_tenant, a_user
from unit.engine.tell.summary_scene import AWAY, REFUSED, Scene, a_resource, told


def is_disconnected(scene: Scene) -> None:
    scene.connection.problem, scene.connection.authenticated = REFUSED, False


def is_out_of_reach(scene: Scene) -> None:
    scene.connection.problem, scene.connection.authenticated = AWAY, False


def held_before_a_restart(scene: Scene) -> None:
    scene.memory.leavers.load(DeprovisioningStatus(held=7, held_since="2026-11-23T12:00:00Z"))


def is_suspended(scene: Scene) -> None:
    scene.memory.spec = a_tenant(suspend=True)


def meets_an_outage(scene: Scene) -> None:
    scene.limiter.circuit = Circuit(failure=AWAY)


def cannot_read(scene: Scene) -> None:
    for _ in range(3):
        scene.memory.reading.failed(AWAY, 0.0, 0.0)


def holds(scene: Scene) -> None:
    scene.memory.leavers.keep_hold(Hold("2026-11-23T12:00:00Z", "abc", "7 users would leave", ("jane@example.com",)))


def is_well(scene: Scene) -> None:
    """Nothing happens."""


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        (is_well, {READY: "True Succeeded", AUTHENTICATED: "True Succeeded"}),
        (
            is_disconnected,
            {
                READY: "False AuthenticationFailed",
                AUTHENTICATED: "False AuthenticationFailed",
                CIRCUIT_OPEN: "True AuthenticationFailed",
            },
        ),
        (
            is_out_of_reach,
            {
                READY: "False RemoteUnavailable",
                AUTHENTICATED: "Unknown RemoteUnavailable",
                CIRCUIT_OPEN: "Unknown Progressing",
            },
        ),
        (held_before_a_restart, {READY: "True Succeeded", DEPROVISIONING_HELD: "Unknown Progressing"}),
        (is_suspended, {READY: "False Suspended"}),
        (meets_an_outage, {READY: "False RemoteUnavailable", CIRCUIT_OPEN: "True RemoteUnavailable"}),
        (cannot_read, {READY: "False RemoteUnavailable", CIRCUIT_OPEN: "False Succeeded"}),
        (holds, {READY: "True Succeeded", DEPROVISIONING_HELD: "True DeprovisioningHeld"}),
    ],
)
def test_what_is_the_matter_is_said_once_and_by_the_tenant(
    happens: Callable[[Scene], None], expected: Mapping[str, str]
) -> None:
    scene = Scene()
    scene.snapshot()
    happens(scene)
    well = {
        AUTHENTICATED: "True Succeeded",
        CIRCUIT_OPEN: "False Succeeded",
        DEPROVISIONING_HELD: "False Succeeded",
    }
    assert scene.said() == {**well, **expected}


def test_before_the_first_snapshot_work_is_going_on() -> None:
    """And nothing is said of it: an old status that is still right must not flicker."""
    scene = Scene()
    assert scene.said()[READY] == "False Progressing"
    assert not scene.summary.worth_telling()
    scene.snapshot()
    assert scene.summary.worth_telling()


@pytest.mark.parametrize("happens", [is_disconnected, is_suspended, meets_an_outage, cannot_read])
def test_what_a_person_should_know_does_not_wait_for_a_snapshot(happens: Callable[[Scene], None]) -> None:
    scene = Scene()
    happens(scene)
    assert scene.summary.worth_telling()


def test_two_failures_in_a_row_are_no_news() -> None:
    scene = Scene()
    scene.snapshot()
    for _ in range(2):
        scene.memory.reading.failed(AWAY, 0.0, 0.0)
    assert scene.said()[READY] == "True Succeeded"


def test_before_the_first_answer_nobody_knows_about_the_credentials() -> None:
    scene = Scene()
    scene.connection.authenticated = False
    assert scene.said()[AUTHENTICATED] == "Unknown Progressing"


def test_users_that_only_wait_for_their_turn_are_counted_by_the_tenant() -> None:
    """It would be said N times, and be old at once."""
    scene = Scene(rateLimit={"requestsPerMinute": 100})
    scene.snapshot()
    for number in range(7):
        scene.memory.queues.put(f"uid-{number}", Lane.JOINERS, 0.0, alone=False, age=("", str(number)))
    assert "wait" not in scene.ready().message
    for _ in range(100):
        scene.limiter.window.enter(0.0)
    assert "7 users wait for their turn, at 100 requests per minute" in scene.ready().message


def test_the_status_tells_of_users_seats_and_jobs() -> None:
    scene = Scene()
    scene.snapshot(a_remote("a"), a_remote("unmanaged"))
    scene.see(a_user("a", status=told()), a_user("b", status=told("False", "RoleNotFound")))
    scene.memory.seats.learn(Quota(10, 4), 0.0)
    job = BulkJob("job-1", 5, "2026-11-24T00:00:00Z")
    scene.memory.jobs[job.id] = job
    status = scene.summary.status(a_resource())
    assert status.users == UserCounts(managed=2, ready=1, unmanaged=1)
    assert status.licenses == Licenses(10, 4, 0, 0, 40)
    assert (status.bulk_jobs, status.observed_generation) == ((job,), 1)


def test_accounts_are_counted_by_their_ids() -> None:
    """A renamed account is managed under any name, and who has its old name is not; without an id the name counts."""
    scene = Scene()
    scene.see(a_user("jane", status={"userId": "id-jane"}), a_user("joiner"))
    scene.snapshot(a_remote("jane", user_name="jones@example.com"), a_remote("joiner"))
    assert scene.unmanaged() == 0
    scene.memory.directory.put(a_remote("stranger", user_name="jane@example.com"), 1.0)
    scene.memory.directory.put(a_remote("twin", user_name="jones@example.com"), 1.0)
    assert scene.unmanaged() == 2
    scene.memory.resources.remove("uid-joiner")
    assert scene.unmanaged() == 3


def test_everybody_is_looked_at_when_the_status_has_moved_and_not_with_each_bulk_job() -> None:
    """Each job writes the status when it begins and when it ends; the picture that follows within seconds is whole."""
    scene = Scene()
    scene.snapshot(a_remote("a"))
    assert scene.unmanaged() == 1
    scene.memory.directory.put(a_remote("b"), 1.0)
    scene.memory.jobs["job-1"] = BulkJob("job-1", 5, "2026-11-24T00:00:00Z")
    assert scene.summary.status(a_resource()).users.unmanaged == 1
    assert scene.unmanaged() == 2


def test_seats_that_nobody_has_counted_yet_are_those_of_the_status() -> None:
    """A restart does not blank them."""
    before = Licenses(10, 4, 0, 0, 40)
    assert Scene().summary.status(a_resource(licenses=msgspec.to_builtins(before))).licenses == before


def test_an_idle_tenant_is_never_written() -> None:
    """The time of the snapshot moves only together with the rest."""
    scene = Scene()
    scene.snapshot(a_remote("a"))
    first = scene.summary.status(a_resource())
    scene.time += 900.0
    scene.snapshot(a_remote("a"))
    assert scene.summary.status(a_resource(**msgspec.to_builtins(first))) == first
    scene.time += 900.0
    scene.snapshot(a_remote("a"), a_remote("b"))
    later = scene.summary.status(a_resource(**msgspec.to_builtins(first))).directory
    assert first.directory is not None
    assert later is not None
    assert (later.users, later.refreshed_time) == (2, "2026-11-23T12:30:00Z")


def test_counting_begins_when_something_has_moved() -> None:
    """Counting 100,000 users costs more than looking; a status that was not written is counted again."""
    scene = Scene()
    tenant = a_resource()
    assert [scene.summary.moved(tenant) for _ in range(3)] == [True, False, False]
    scene.see(a_user("a"))
    assert [scene.summary.moved(tenant) for _ in range(2)] == [True, False]
    scene.summary.count_again()
    assert scene.summary.moved(tenant)


@pytest.mark.parametrize("happens", [is_disconnected, is_suspended, meets_an_outage, cannot_read, holds])
def test_whatever_the_status_shows_moves_it(happens: Callable[[Scene], None]) -> None:
    scene = Scene()
    scene.summary.moved(None)
    happens(scene)
    assert scene.summary.moved(None)


# The log.


def test_one_line_for_each_condition_that_is_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warning where something is wrong; nothing held and no circuit open go without."""
    said: list[tuple[str, str, str]] = []
    for level in ("info", "warning"):
        monkeypatch.setattr(
            module.log, level, lambda *_, level=level, **fields: said.append((level, fields["type"], fields["status"]))
        )

    def news() -> list[tuple[str, str, str]]:
        said.clear()
        scene.summary.tell_news()
        return sorted(said)

    scene = Scene()
    assert news() == [], "not before the first snapshot"
    scene.snapshot()
    assert news() == [("info", AUTHENTICATED, "True"), ("info", READY, "True")]
    assert news() == []
    meets_an_outage(scene)
    holds(scene)
    assert news() == [
        ("warning", CIRCUIT_OPEN, "True"),
        ("warning", DEPROVISIONING_HELD, "True"),
        ("warning", READY, "False"),
    ]
    scene.limiter.circuit.reset()
    scene.memory.leavers.keep_hold(None)
    assert news() == [("info", CIRCUIT_OPEN, "False"), ("info", DEPROVISIONING_HELD, "False"), ("info", READY, "True")]


def test_what_is_not_known_is_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(suspend=True)
    scene.connection.authenticated = False
    warned: list[str] = []
    monkeypatch.setattr(module.log, "warning", lambda *_, **fields: warned.append(fields["type"]))
    scene.summary.tell_news()
    assert warned == [READY]


def test_a_long_silence_that_cxone_asks_for_is_told_with_its_end() -> None:
    """Not a short one, which is over before anybody reads of it."""
    scene = Scene()
    scene.memory.directory.finish_refresh(scene.memory.directory.begin_refresh(0.0))
    scene.limiter.window.throttled(30.0, 0.0)
    assert scene.ready().reason == "Succeeded"
    scene.limiter.window.throttled(3600.0, 0.0)
    assert scene.ready().reason == "RateLimited"
    assert "until 2026-11-23T13:00:00Z; leavers" in scene.ready().message


def test_one_refusal_after_the_other_is_told() -> None:
    """A server that wants to be asked again at once, and never serves anybody, wants no long silence."""
    scene = Scene()
    scene.memory.directory.finish_refresh(scene.memory.directory.begin_refresh(0.0))
    resource = a_resource()
    scene.limiter.window.throttled(0.0, scene.time)
    assert scene.ready().reason == "Succeeded"
    scene.summary.moved(resource)
    scene.time += 21.0
    assert scene.summary.moved(resource)
    assert (scene.ready().reason, "every request" in scene.ready().message) == ("RateLimited", True)
    scene.limiter.answered(None)
    assert scene.ready().reason == "Succeeded"


def test_what_cannot_be_understood_is_told() -> None:
    """And so is a list with a hole; neither where all is well."""
    scene = Scene()
    directory = scene.memory.directory
    assert scene.summary.status(a_resource()).findings == ()
    directory.whole, directory.unreadable = False, 2
    assert ["2 entries" in finding for finding in scene.summary.status(a_resource()).findings] == [True]
    directory.unreadable = 0
    assert ["did not fit together" in finding for finding in scene.summary.status(a_resource()).findings] == [True]
