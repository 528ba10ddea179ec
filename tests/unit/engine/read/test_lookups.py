"""Look-ups: what a walk answers at no cost is not asked for, and nothing is asked for twice."""

from __future__ import annotations

import pytest

from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.knowledge import UNKNOWN, Absent, Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import key_of
from cxone_operator.engine.read.lookups import AT_ONCE, LookUps
from cxone_operator.scim.errors import PermissionDenied, ServerError
from unit.builders import a_remote, a_tenant, a_user
from unit.engine import scene as scenes
from unit.engine.fakes import FakeRemote
from unit.engine.scene import settle

MANY = 10_000
LEAVERS, UPDATES = Lane.LEAVERS, Lane.UPDATES
DENIED = PermissionDenied("the client lacks scope Users.Read", code="403", write=False)


class Scene(scenes.Scene):
    """A tenant of 10,000 users, that were read a while ago."""

    def __init__(self, *, complete: bool = True) -> None:
        super().__init__()
        self.remote = FakeRemote()
        self.remote.portion = 100
        self.lookups = LookUps(self.memory, self.tasks)
        self.lanes: set[Lane] = {LEAVERS, UPDATES}
        """That have a place in the rate limit."""
        if complete:
            self.snapshot(*(a_remote(f"p{number}") for number in range(MANY)))
            self.time = 100.0

    def ask(self, *names: str, lane: Lane = UPDATES) -> None:
        for name in names:
            self.lookups.ask(f"{name}@example.com", lane)

    async def turn(self) -> None:
        self.lookups.send(self.remote, lambda lane: lane in self.lanes)
        await settle()

    @property
    def finds(self) -> int:
        return self.remote.asked["find"]

    def known(self, name: str) -> object:
        return self.memory.directory.known(f"{name}@example.com", self.time)


def people(number: int) -> list[str]:
    return [f"p{place}" for place in range(number)]


async def test_what_is_found_is_known_and_looked_at() -> None:
    """And so is who is not there."""
    scene = Scene()
    scene.see(a_user("jane"), a_user("john"))
    scene.remote.users["jane@example.com"] = a_remote("jane")
    scene.ask("jane", "john")
    await scene.turn()
    assert (scene.known("jane"), scene.known("john")) == (Present(a_remote("jane"), 0.0), Absent(0.0))
    assert (scene.marked(), scene.finds, scene.wakes > 0) == ({"jane", "john"}, 1, True)


# Before the first snapshot.


async def test_while_the_first_snapshot_is_read_only_leavers_cause_requests() -> None:
    """Everybody else is looked at when it is complete."""
    scene = Scene(complete=False)
    scene.memory.refresh_wanted, scene.memory.walking_since = False, 0.0
    scene.ask(*people(MANY))
    scene.ask("leaver", lane=LEAVERS)
    await scene.turn()
    assert scene.remote.names == [("leaver@example.com",)]
    assert scene.remote.lanes == [LEAVERS]


# Asked once.


async def test_who_is_asked_for_already_is_not_asked_for_again() -> None:
    """However often it is looked at."""
    scene = Scene()
    scene.remote.gate.clear()
    for _ in range(100):
        scene.ask("p1")
        await scene.turn()
    assert scene.finds == 1
    scene.remote.gate.set()
    await settle()
    scene.ask("p1")
    await scene.turn()
    assert scene.finds == 2


async def test_a_question_that_is_older_than_the_change_does_not_do() -> None:
    """What has happened since is not in its answer."""
    scene = Scene()
    scene.remote.gate.clear()
    scene.ask("p1")
    await scene.turn()
    scene.time += 1.0
    scene.memory.directory.forget("p1@example.com", scene.time)
    scene.ask("p1")
    await scene.turn()
    scene.remote.gate.set()
    await settle()
    assert (scene.finds, scene.known("p1")) == (2, Absent(0.0))


async def test_case_makes_no_other_user() -> None:
    scene = Scene()
    scene.ask("p1", "P1")
    await scene.turn()
    assert [len(names) for names in scene.remote.names] == [1]


# Who goes first, and how much at once.


async def test_a_leaver_is_asked_for_first_and_only_as_one() -> None:
    scene = Scene()
    scene.ask("p1", "p2")
    scene.ask("p2", lane=LEAVERS)
    scene.ask("p2")
    await scene.turn()
    assert scene.remote.names == [("p2@example.com",), ("p1@example.com",)]
    assert scene.remote.lanes == [LEAVERS, UPDATES]


async def test_a_lane_without_a_place_in_the_rate_limit_waits() -> None:
    scene = Scene()
    scene.lanes = {LEAVERS}
    scene.ask("p1")
    scene.ask("leaver", lane=LEAVERS)
    await scene.turn()
    assert scene.remote.names == [("leaver@example.com",)]
    scene.lanes = {LEAVERS, UPDATES}
    await scene.turn()
    assert scene.remote.names[1:] == [("p1@example.com",)]


async def test_not_more_than_a_few_are_under_way() -> None:
    """Leavers are as many as they are; each is asked for once all the same."""
    scene = Scene()
    scene.remote.gate.clear()
    scene.ask(*people(1000), lane=LEAVERS)
    for _ in range(20):
        await scene.turn()
    assert scene.finds == AT_ONCE
    scene.remote.gate.set()
    for _ in range(20):
        await scene.turn()
    asked = [name for names in scene.remote.names for name in names]
    assert (len(asked), len(set(asked)), scene.finds) == (1000, 1000, 10)


# The walk instead.


async def test_more_portions_than_pages_are_left_to_the_walk() -> None:
    """It costs less, and answers more; whoever is asked for meanwhile waits for it, too."""
    scene = Scene()
    scene.remote.portion = 100
    strangers = [f"s{number}" for number in range(2 * MANY)]
    scene.remote.pages = lambda users: 10  # type: ignore[method-assign]  # larger than portions of names are
    scene.ask(*strangers)
    await scene.turn()
    assert (scene.finds, scene.memory.refresh_wanted) == (0, True)
    scene.ask("late")
    await scene.turn()
    assert scene.finds == 0
    assert scene.known("late") == scene.known("s0") == UNKNOWN


async def test_what_a_walk_says_of_them_is_news() -> None:
    """Even if it is what was known before: they wait for it."""
    scene = Scene()
    scene.see(a_user("p1"), a_user("p2"))
    scene.memory.refresh_wanted = True
    scene.ask("p1")
    refresh = scene.memory.directory.begin_refresh(scene.time)
    changed = scene.memory.directory.take_page(refresh, [a_remote("p1"), a_remote("p2")])
    assert changed == {"p1@example.com"}


@pytest.mark.parametrize("left", ["first walk", "next walk", "too many"])
async def test_nothing_is_kept_of_a_question_that_a_walk_answers(left: str) -> None:
    """Everybody is asked for with an id at a start; it is no part of what is asked later."""
    scene = Scene(complete=left != "first walk")
    scene.memory.refresh_wanted = left == "next walk"
    pages = scene.remote.pages
    scene.remote.pages = lambda users: 0  # type: ignore[method-assign]
    scene.lookups.ask("jane@example.com", UPDATES, "id-jane")
    await scene.turn()
    assert scene.finds == 0
    scene.snapshot()
    scene.memory.refresh_wanted, scene.remote.pages = False, pages  # type: ignore[method-assign]
    scene.ask("jane")
    await scene.turn()
    assert (scene.finds, scene.remote.asked["get"]) == (1, 0)


@pytest.mark.parametrize(("lane", "lists"), [(LEAVERS, True), (UPDATES, False)])
async def test_leavers_do_not_wait_for_a_walk_nor_anybody_where_there_is_none(lane: Lane, lists: bool) -> None:
    scene = Scene()
    scene.remote.capabilities = Capabilities(lists=lists)
    scene.remote.pages = lambda users: 0  # type: ignore[method-assign]
    scene.ask("p1", lane=lane)
    await scene.turn()
    assert (scene.finds, scene.memory.refresh_wanted) == (1, False)


# Failures.


async def test_a_failure_pauses_and_forgets_nobody() -> None:
    """Whoever was asked for is looked at again, and asks again."""
    scene = Scene()
    scene.see(a_user("p1"))
    scene.remote.problem = DENIED
    scene.ask("p1")
    await scene.turn()
    assert (scene.marked(), scene.memory.reading.failure) == ({"p1"}, DENIED.failure)
    scene.remote.problem = None
    scene.ask("p1", "p2")
    await scene.turn()
    assert scene.finds == 1
    scene.time += 2.0
    await scene.turn()
    assert (scene.finds, scene.memory.reading.failure) == (2, None)


# Asked for by itself.


async def test_what_must_be_asked_for_itself_is_not_left_to_a_walk() -> None:
    """Whatever that costs: a list does not prove that somebody is gone."""
    scene = Scene()
    for name in people(MANY // 2):
        scene.lookups.ask(f"{name}@example.com", UPDATES, itself=True)
    for _ in range(MANY // 2 // 100):
        await scene.turn()
    assert (scene.memory.refresh_wanted, scene.finds) == (False, MANY // 2 // 100)


async def test_after_a_list_with_a_hole_nothing_is_left_to_a_walk() -> None:
    """It would have another."""
    scene = Scene()
    scene.memory.directory.whole = False
    scene.ask(*people(MANY))
    await scene.turn()
    assert (scene.memory.refresh_wanted, scene.finds) == (False, AT_ONCE)


@pytest.mark.parametrize("active", [True, False])
async def test_an_account_that_no_name_finds_is_asked_for_by_its_id(active: bool) -> None:
    """Hidden as it is inactive, or named otherwise by somebody: it is not gone, and can be locked out."""
    scene = Scene()
    account = a_remote("renamed" if active else "jane", active=active)
    name = "renamed" if active else "jane"
    scene.remote.users[key_of(account.state.user_name)] = account
    scene.remote.hidden = {"jane@example.com"}
    scene.lookups.ask("jane@example.com", LEAVERS, account.id, itself=True)
    await scene.turn()
    directory = scene.memory.directory
    assert directory.account(account.id, scene.time) == Present(account, 0.0)
    assert (scene.finds, scene.remote.asked["get"], directory.name(account.id)) == (1, 1, f"{name}@example.com")
    scene.snapshot(*(user for name, user in scene.remote.users.items() if name not in scene.remote.hidden))
    scene.time += 5.0
    assert directory.account(account.id, scene.time) == Present(account, 5.0), "a list that hides it says nothing of it"
    del scene.remote.users[key_of(account.state.user_name)]
    scene.lookups.ask("jane@example.com", LEAVERS, account.id, itself=True)
    await scene.turn()
    assert (scene.known("jane"), directory.account(account.id, scene.time)) == (Absent(0.0), Absent(0.0))


async def test_an_answer_that_may_lack_somebody_is_asked_for_name_by_name() -> None:
    """Who is found alone is known; who is not stays unknown, and is asked for with growing pauses."""
    scene = Scene()
    scene.remote.whole = False
    scene.remote.users["jane@example.com"] = a_remote("jane")
    for name in ("jane", "john"):
        scene.memory.directory.forget(f"{name}@example.com", scene.time)
    scene.ask("jane", "john")
    await scene.turn()
    assert scene.remote.names[-1] == ("john@example.com",)
    assert (scene.known("jane"), scene.known("john")) == (Present(a_remote("jane"), 0.0), UNKNOWN)
    asked = scene.finds
    pauses = []
    for _ in range(600):
        scene.time += 1.0
        pauses.append(scene.lookups.ask("john@example.com", LEAVERS, itself=True))
        await scene.turn()
    assert (scene.finds - asked < 12, max(pauses) > 100) == (True, True)
    scene.remote.whole = True
    scene.time += 300.0
    scene.ask("john")
    await scene.turn()
    assert scene.known("john") == Absent(0.0)


# By employeeId.


def seasoned(*, lists: bool = False, match_by: tuple[str, ...] = ("userName", "employeeId")) -> Scene:
    """Jane and Ann have accounts under other names, which their employeeIds tell; Ann's is recorded. John is there."""
    scene = Scene()
    scene.memory.spec = a_tenant(matchBy=list(match_by))
    scene.remote.capabilities = Capabilities(lists=lists)
    there = [a_remote("j", employee_id="1"), a_remote("john", employee_id="2"), a_remote("a", employee_id="3")]
    scene.remote.users = {user.state.user_name: user for user in there}
    ann = a_user("ann", employeeId="3", status={"userId": "id-a"})
    scene.see(a_user("jane", employeeId="1"), a_user("john", employeeId="2"), ann, a_user("eve"))
    return scene


async def test_whom_no_list_shows_is_found_by_the_employee_id() -> None:
    """One look-up more for whoever has no account yet and whom no name finds."""
    scene = seasoned()
    scene.ask("jane", "john", "ann", "eve")
    await scene.turn()
    assert scene.remote.asked["find_employed"] == 1
    assert scene.known("jane") == Absent(0.0)
    assert scene.view.known(scene.now(a_user("jane"))) == Present(a_remote("j", employee_id="1"), 0.0)


async def test_nobody_is_asked_for_twice_where_a_list_shows_everybody() -> None:
    """Nor where a tenant does not know people by their employeeIds."""
    for scene in (seasoned(lists=True), seasoned(match_by=("userName",))):
        scene.ask("jane", "eve", lane=LEAVERS)
        await scene.turn()
        assert scene.remote.asked["find_employed"] == 0
        assert scene.known("jane") == Absent(0.0)


async def test_a_server_that_takes_no_such_question_proves_no_absence() -> None:
    """Or somebody would be made a second time; it is asked again with growing pauses."""
    scene = seasoned()
    scene.remote.knows_employees = False
    scene.memory.directory.forget("jane@example.com", scene.time)
    scene.ask("jane")
    await scene.turn()
    assert scene.known("jane") == UNKNOWN
    assert scene.memory.reading.failure is None, "others are read"
    assert scene.lookups.ask("jane@example.com", UPDATES) > 0


async def test_one_name_at_which_the_server_stumbles_keeps_nobody_else_from_being_found() -> None:
    """It is found out by halves, costs no more than a few requests, and is asked for with growing pauses."""
    scene = Scene()
    names = [f"n{number}" for number in range(64)]
    scene.remote.users["n7@example.com"] = a_remote("n7")
    scene.remote.stumbles = {"n40@example.com"}
    for name in names:
        scene.memory.directory.forget(f"{name}@example.com", scene.time)
    scene.ask(*names, lane=LEAVERS)
    await scene.turn()
    known = {name: scene.known(name) for name in names}
    assert [name for name, found in known.items() if found == UNKNOWN] == ["n40"]
    assert isinstance(known["n7"], Present)
    assert scene.finds <= 14
    assert scene.lookups.ask("n40@example.com", LEAVERS, itself=True) > 0
    assert scene.lookups.problem("n40@example.com") == "CXone answered 500: oops"
    assert scene.memory.reading.remaining(scene.time) == 0, "it says nothing of the service"
    scene.remote.stumbles, scene.time = set(), scene.time + 60.0
    scene.ask("n40", "n41", lane=LEAVERS)
    await scene.turn()
    assert scene.remote.names[-2:] == [("n41@example.com",), ("n40@example.com",)]
    assert isinstance(scene.known("n40"), Absent)


async def test_an_id_at_which_the_server_stumbles_is_no_proof_that_the_account_is_gone() -> None:
    """Although no name finds it; others that were asked for with it are known."""
    scene = Scene()
    scene.remote.users["john@example.com"] = a_remote("john")
    scene.remote.stumbles = {"id-jane"}
    for name in ("jane", "john"):
        scene.memory.directory.forget(f"{name}@example.com", scene.time)
        scene.lookups.ask(f"{name}@example.com", LEAVERS, f"id-{name}", itself=True)
    await scene.turn()
    assert (scene.known("jane"), scene.known("john")) == (UNKNOWN, Present(a_remote("john"), 0.0))
    assert scene.lookups.ask("jane@example.com", LEAVERS, "id-jane", itself=True) > 0


async def test_a_server_that_is_ill_is_not_asked_for_each_name() -> None:
    """Any other failure is about more than one of them."""
    scene = Scene()
    scene.remote.problem = ServerError("down", code="503", write=False)
    scene.ask("jane", "john", lane=LEAVERS)
    await scene.turn()
    assert (scene.finds, scene.memory.reading.failure is not None) == (1, True)
