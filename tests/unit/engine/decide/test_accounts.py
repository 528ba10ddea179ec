"""Which account a resource has, and who else has or wants it, from a memory as it can be."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.facts import Heir
from cxone_operator.core.knowledge import Absent, Ambiguous, Present, Proof, Unknown
from cxone_operator.core.users import RemoteUser
from unit.builders import a_remote, a_user, condition
from unit.engine.scene import Scene


def has(account: str | None, name: str = "jane", **spec: Any) -> CxoneUser:
    """A resource with a recorded account."""
    conditions = spec.pop("conditions", [])
    return a_user(name, status={"userId": account, "conditions": conditions}, **spec)


def at(user: CxoneUser, name: str) -> CxoneUser:
    """Its spec now says another userName."""
    version = str(int(user.metadata.resource_version) + 1)
    metadata = msgspec.structs.replace(user.metadata, resource_version=version, generation=2)
    spec = msgspec.structs.replace(user.spec, user_name=f"{name}@example.com")
    return msgspec.structs.replace(user, metadata=metadata, spec=spec)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_an_account_is_known_by_its_id(scene: Scene) -> None:
    """Whatever it is called, and whoever has its former name."""
    user = at(has("id-jane"), "jones")
    scene.see(user)
    scene.snapshot(a_remote("jane"))
    assert scene.view.known(user) == Present(a_remote("jane"), 0.0)
    assert scene.view.facts(user).holds
    scene.snapshot(a_remote("john", user_name="jones@example.com"), a_remote("jane"))
    assert scene.view.known(user) == Ambiguous(("id-jane", "id-john"), Present(a_remote("jane"), 0.0))
    assert scene.view.subject(user).remote == a_remote("jane"), "the status goes on about its own"


def test_one_that_is_in_no_list_is_asked_for(scene: Scene) -> None:
    """Gone is what CXone says itself; then the name counts."""
    user, stranger = has("id-gone"), a_remote("jane")
    scene.see(user)
    scene.snapshot(stranger)
    assert scene.view.known(user) == Unknown(itself=True)
    scene.memory.directory.learn_accounts({"id-gone": None}, scene.time)
    assert scene.view.known(user) == Present(stranger, 0.0)
    assert not scene.view.facts(user).holds


def test_a_rename_takes_nobodys_name_away(scene: Scene) -> None:
    """Whichever resource is older."""
    jane = has("id-jane", metadata={"creationTimestamp": "2026-01-01T00:00:00Z"})
    john = has("id-john", "john")
    scene.see(jane, john)
    scene.snapshot(a_remote("jane"), a_remote("john"))
    renamed = at(jane, "john")
    scene.see(renamed)
    assert scene.view.facts(renamed).owner == "john"
    assert scene.view.facts(john).owner is None
    assert scene.view.known(john) == Present(a_remote("john"), 0.0)


def test_an_account_of_its_own_goes_with_a_resource_whose_name_is_disputed(scene: Scene) -> None:
    """The owner of the name looks after another account, so it is neither owner nor heir of this one."""
    jane, john = has("id-jane", deleting=True, userName="john@example.com"), has("id-john", "john")
    scene.see(jane, john)
    scene.snapshot(a_remote("jane"), a_remote("john"))
    found = scene.view.facts(jane)
    assert (found.owner, found.heir) == (None, Heir.NONE)


def test_who_has_the_same_account_is_the_heir(scene: Scene) -> None:
    """Also under another name: whoever lives keeps it."""
    old, new = has("id-jane", deleting=True), has("id-jane", "new", userName="jones@example.com")
    scene.see(old, new)
    scene.snapshot(a_remote("jane"))
    assert scene.view.facts(old).heir is Heir.CLAIMED
    assert scene.view.known(new) == Present(a_remote("jane"), 0.0)


@pytest.mark.parametrize(
    ("conditions", "passing"),
    [
        ([], True),
        ([condition("Stalled", "True", "OwnershipConflict")], False),
        ([condition("Ready", "False", "DifferencesFound")], False),
    ],
)
def test_a_name_whose_account_another_resource_has(
    scene: Scene, conditions: list[dict[str, Any]], passing: bool
) -> None:
    """A newcomer waits while that is about to be renamed, and says whose it is where it is not."""
    scene.see(at(has("id-jane", conditions=conditions), "jones"))
    newcomer = a_user("newcomer", userName="jane@example.com")
    scene.see(newcomer)
    scene.snapshot(a_remote("jane"))
    assert scene.view.known(newcomer) == Ambiguous(("id-jane",), None, "jane", passing)


@pytest.mark.parametrize("stalled", [False, True])
def test_of_a_circle_one_gives_way(scene: Scene, stalled: bool) -> None:
    """The one whose account has the smallest id, also where each has said before that it cannot go on."""
    conditions = [condition("Stalled", "True", "OwnershipConflict")] if stalled else []
    names = {"a": "b", "b": "c", "c": "a"}
    users = [at(has(f"id-{name}", name, conditions=conditions), wanted) for name, wanted in names.items()]
    scene.see(*users)
    scene.snapshot(*(a_remote(name) for name in names))
    found = [scene.view.known(user) for user in users]
    assert [isinstance(one, Ambiguous) and one.gives_way for one in found] == [True, False, False]
    scene.see(at(msgspec.structs.replace(users[1], spec=msgspec.structs.replace(users[1].spec, suspend=True)), "c"))
    known = scene.view.known(users[0])
    assert isinstance(known, Ambiguous)
    assert not known.gives_way, "one of them goes nowhere"


AS_JANE = {"annotations": {"cxone.dev/claimed-as": "jane@example.com"}}


@pytest.mark.parametrize(
    ("remotes", "known", "asked"),
    [
        ((), Absent(0.0, Proof.LISTED), "jane@example.com"),
        ((a_remote("jane"),), Present(a_remote("jane"), 0.0), "jones@example.com"),
    ],
)
def test_what_was_made_under_a_former_name(
    scene: Scene, remotes: tuple[RemoteUser, ...], known: object, asked: str
) -> None:
    """It is looked for by that until there is an account, whose id then says who it is."""
    user = a_user("jane", userName="jones@example.com", metadata=AS_JANE)
    scene.see(user)
    assert scene.view.known(user) == Unknown()
    scene.snapshot(*remotes)
    assert (scene.view.known(user), scene.view.asked_name(user)) == (known, asked)
    assert scene.view.facts(user).holds is bool(remotes)
    scene.see(a_user("newcomer", userName="jane@example.com"))
    assert isinstance(scene.view.known(user), Absent), "whoever declares that name has it"


NEVER = {"adoptionPolicy": "Never"}
STARTED = {"conditions": [condition("Synced", "False", "Progressing")]}


@pytest.mark.parametrize(
    ("namesake", "taken"),
    [
        ({}, True),
        (NEVER, False),
        ({**NEVER, "status": STARTED}, True),
        ({"managementPolicy": "ObserveOnly"}, False),
        ({"status": {"userId": "id-other"}}, False),
        ({"metadata": {"annotations": {"cxone.dev/claimed-as": "john@example.com"}}}, False),
    ],
)
def test_an_account_is_left_to_whoever_would_take_it(scene: Scene, namesake: dict[str, Any], taken: bool) -> None:
    """Whoever only declares its name leaves it to the resource that it was made for, or nobody would look after it."""
    user = a_user("jane", userName="jones@example.com", metadata=AS_JANE, status=STARTED, **NEVER)
    scene.see(user, a_user("namesake", userName="jane@example.com", **namesake))
    scene.snapshot(a_remote("jane"))
    assert isinstance(scene.view.known(user), Absent) is taken
    assert scene.view.facts(user).holds is not taken


def test_a_strangers_account_is_left_behind_with_its_name(scene: Scene) -> None:
    """Another name is the remedy for whoever must not adopt."""
    user = a_user("jane", userName="jones@example.com", metadata=AS_JANE, **NEVER)
    scene.see(user)
    scene.snapshot(a_remote("jane"))
    assert isinstance(scene.view.known(user), Absent)


def test_who_holds_a_name_is_told_by_the_resources_until_the_accounts_are_read(scene: Scene) -> None:
    """Whoever was renamed to it does not own it, even if older; whoever agreed with CXone under it does."""
    older = {"creationTimestamp": "2026-01-01T00:00:00Z", **AS_JANE}
    moved = a_user("moved", userName="jones@example.com", metadata=older, status={"userId": "id-jane"})
    owner = a_user("owner", userName="jones@example.com")
    scene.see(moved, owner)
    assert (scene.view.facts(owner).owner, scene.view.facts(moved).owner) == (None, "owner")
    agreed = {"userId": "id-jane", "conditions": [condition("Ready", "True", "Succeeded")]}
    settled = a_user("moved", userName="jones@example.com", metadata={**older, "resourceVersion": "2"}, status=agreed)
    scene.see(settled)
    assert (scene.view.facts(owner).owner, scene.view.facts(settled).owner) == ("moved", None)


@pytest.mark.parametrize("wanted", ["jones", "john"])
def test_of_two_who_were_claimed_under_one_name_only_one_has_the_account(scene: Scene, wanted: str) -> None:
    """Whether or not they want the same name by now."""
    first = has("id-jane", userName="jones@example.com", metadata=AS_JANE)
    second = a_user("second", userName=f"{wanted}@example.com", metadata=AS_JANE)
    scene.see(first, second)
    scene.snapshot(a_remote("jane"))
    assert scene.view.facts(first).holds
    assert not scene.view.facts(second).holds
    assert scene.view.subject(second).remote is None


def test_an_employee_is_found_by_the_second_key() -> None:
    """Nobody's account, and no other resource's."""
    scene = Scene(matchBy=["userName", "employeeId"])
    user = a_user("jane", userName="jones@example.com", employeeId="4711")
    account = a_remote("jane", employee_id="4711")
    scene.see(user)
    scene.snapshot(account)
    assert scene.view.known(user) == Present(account, 0.0)
    other = a_user("john", userName="jane@example.com")
    scene.see(other)
    assert isinstance(scene.view.known(user), Absent)


def test_whoever_waits_for_a_name_is_looked_at_when_it_is_free(scene: Scene) -> None:
    """And whoever has an account that was renamed, though it is called otherwise than declared."""
    holder, newcomer = at(has("id-jane"), "jones"), a_user("newcomer", userName="jane@example.com")
    scene.see(holder, newcomer)
    scene.snapshot(a_remote("jane"))
    scene.memory.mark_moved()
    scene.marked()
    scene.memory.directory.put(a_remote("jane", user_name="by-hand@example.com"), 1.0)
    scene.memory.mark_moved()
    assert scene.marked() == {"jane", "newcomer"}
    scene.time = 2.0
    scene.snapshot()
    scene.memory.mark_moved()
    assert scene.marked() == {"jane"}
