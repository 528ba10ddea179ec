"""The inbox: coalescing, echoes, ownership."""

from __future__ import annotations

from cxone_operator.engine.inbox import Inbox
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.api.user import CxoneUser
from unit.builders import a_user


def version(user: str, number: int, **spec: object) -> CxoneUser:
    return a_user(user, metadata={"resourceVersion": str(number)}, **spec)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 30), st.booleans()), max_size=80))
def test_coalescing_loses_no_last_state(script: list[tuple[str, int, bool]]) -> None:
    """Whatever comes in whatever order, and whenever we look: the last look at each user saw its newest version."""
    inbox, newest, looked = Inbox(), dict[str, int](), dict[str, int]()

    def look() -> None:
        for user in inbox.take(2):
            looked[user.metadata.uid] = int(user.metadata.resource_version)

    for name, number, look_now in script:
        inbox.put(version(name, number))
        newest[f"uid-{name}"] = max(newest.get(f"uid-{name}", 0), number)
        if look_now:
            look()
    while inbox.marked:
        look()
    assert looked == newest


def test_echo_of_an_own_write_is_dropped() -> None:
    """The watch repeats what our write answered; that is no news."""
    inbox = Inbox()
    inbox.put(version("a", 1))
    inbox.take(10)
    inbox.absorb(version("a", 2))
    assert inbox.put(version("a", 2)) is False
    assert inbox.marked == 0


def test_answer_of_an_own_write_that_carries_a_foreign_change_is_news() -> None:
    """Somebody changed the spec between our read and our write: the answer shows it first."""
    inbox = Inbox()
    inbox.put(version("a", 1))
    inbox.take(10)
    inbox.absorb(a_user("a", metadata={"resourceVersion": "2", "generation": 2}))
    assert inbox.marked == 1


def test_the_oldest_namesake_owns_until_it_is_deleted() -> None:
    """Then the next oldest does, and is looked at."""
    inbox = Inbox()
    old = a_user("old", userName="JANE@example.com", metadata={"creationTimestamp": "2026-01-01T00:00:00Z"})
    new = a_user("new", userName="jane@example.com", metadata={"creationTimestamp": "2026-02-01T00:00:00Z"})
    inbox.put(new)
    inbox.put(old)
    assert inbox.owner(new) is old
    going = a_user("old", userName="JANE@example.com", deleting=True, metadata={"resourceVersion": "5"})
    inbox.take(10)
    inbox.put(going)
    assert inbox.owner(going) is new
    assert {user.metadata.name for user in inbox.take(10)} == {"old", "new"}


def test_an_observer_owns_nothing() -> None:
    """ObserveOnly does not manage, so it neither blocks a namesake nor inherits from one."""
    inbox = Inbox()
    watcher = a_user("watcher", userName="jane@example.com", managementPolicy="ObserveOnly")
    inbox.put(watcher)
    assert inbox.owner(watcher) is None
