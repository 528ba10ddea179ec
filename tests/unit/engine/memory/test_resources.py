"""The resources: coalescing, echoes, ownership, and what is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.api.user import CxoneUser
from cxone_operator.engine.memory.census import Census
from cxone_operator.engine.memory.resources import Resources, is_newer
from unit.builders import a_user, condition


def version(user: str, number: int, **spec: object) -> CxoneUser:
    return a_user(user, metadata={"resourceVersion": str(number)}, **spec)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 30), st.booleans()), max_size=80))
def test_coalescing_loses_no_last_state(script: list[tuple[str, int, bool]]) -> None:
    """Whatever comes in whatever order, and whenever we look: the last look at each user saw its newest version."""
    resources, newest, looked = Resources(), dict[str, int](), dict[str, int]()

    def look() -> None:
        for user in resources.take(2):
            looked[user.metadata.uid] = int(user.metadata.resource_version)

    for name, number, look_now in script:
        resources.put(version(name, number))
        newest[f"uid-{name}"] = max(newest.get(f"uid-{name}", 0), number)
        if look_now:
            look()
    while resources.marked:
        look()
    assert looked == newest


def test_echo_of_an_own_write_is_dropped() -> None:
    """The watch repeats what our write answered; that is no news."""
    resources = Resources()
    resources.put(version("a", 1))
    resources.take(10)
    resources.absorb(version("a", 2))
    assert resources.put(version("a", 2)) is False
    assert resources.marked == 0


def test_answer_of_an_own_write_that_carries_a_foreign_change_is_news() -> None:
    """Somebody changed the spec between our read and our write: the answer shows it first."""
    resources = Resources()
    resources.put(version("a", 1))
    resources.take(10)
    resources.absorb(a_user("a", metadata={"resourceVersion": "2", "generation": 2}))
    assert resources.marked == 1


def test_namesakes_contend_until_they_are_deleted() -> None:
    """Then the others are looked at."""
    resources = Resources()
    old = a_user("old", userName="JANE@example.com", metadata={"creationTimestamp": "2026-01-01T00:00:00Z"})
    new = a_user("new", userName="jane@example.com", metadata={"creationTimestamp": "2026-02-01T00:00:00Z"})
    resources.put(new)
    resources.put(old)
    assert resources.contenders(new) == [new, old]
    going = a_user("old", userName="JANE@example.com", deleting=True, metadata={"resourceVersion": "5"})
    resources.take(10)
    resources.put(going)
    assert resources.contenders(going) == [new]
    assert {user.metadata.name for user in resources.take(10)} == {"old", "new"}


def test_an_observer_contends_for_nothing() -> None:
    """ObserveOnly does not manage, so it neither blocks a namesake nor inherits from one."""
    resources = Resources()
    watcher = a_user("watcher", userName="jane@example.com", managementPolicy="ObserveOnly")
    resources.put(watcher)
    assert resources.contenders(watcher) == []


def kept(*users: CxoneUser) -> Resources:
    """Seen, and looked at."""
    resources = Resources()
    for user in users:
        resources.put(user)
    resources.take(len(users))
    return resources


def test_who_is_marked_first_is_looked_at_first() -> None:
    """And is marked once, however often something happens to it meanwhile."""
    resources = kept(*(a_user(name) for name in "abc"))
    for uid in ("uid-c", "uid-a", "uid-c", "uid-b", "uid-c"):
        resources.mark(uid)
    assert resources.marked == 3
    assert [user.metadata.name for user in resources.take(2)] == ["c", "a"]
    assert [user.metadata.name for user in resources.take(2)] == ["b"]


def test_nobody_is_looked_at_who_is_not_there() -> None:
    """A look-up may end after its resource is gone."""
    resources = kept(a_user("a"))
    resources.mark("uid-nobody")
    resources.mark_key("nobody@example.com")
    resources.mark("uid-a")
    resources.remove("uid-a")
    assert resources.marked == 0
    assert resources.take(10) == []


def test_everything_can_be_marked_at_once() -> None:
    resources = kept(*(a_user(name) for name in "abc"))
    resources.mark_everything()
    assert resources.marked == 3


def test_a_userName_marks_all_its_resources_in_any_case() -> None:  # noqa: N802
    """One of them owns it, and which one may have changed."""
    resources = kept(a_user("a", userName="JANE@example.com"), a_user("b", userName="jane@example.com"), a_user("c"))
    resources.mark_key("jane@example.com")
    assert {user.metadata.name for user in resources.take(10)} == {"a", "b"}
    assert set(resources.keys()) == {"jane@example.com", "c@example.com"}


def test_the_namesakes_of_a_resource_that_is_gone_are_looked_at() -> None:
    """One of them owns the userName now."""
    resources = kept(a_user("a", userName="jane@example.com"), a_user("b", userName="jane@example.com"))
    gone = resources.remove("uid-a")
    assert gone is not None
    assert [user.metadata.name for user in resources.take(10)] == ["b"]
    assert resources.concerned("jane@example.com") == ("uid-b",)
    resources.remove("uid-b")
    assert (len(resources), set(resources.keys()), resources.concerned("jane@example.com")) == (0, set(), ())
    assert resources.remove("uid-b") is None


def test_an_answer_to_our_own_write_is_no_news_but_for_what_it_brings() -> None:
    """A claim concerns the namesakes, as an heir may take over only when it is claimed."""
    old = a_user("a", userName="jane@example.com", deleting=True)
    resources = kept(old, a_user("b", userName="jane@example.com", claimed=False))
    resources.absorb(a_user("b", userName="jane@example.com", metadata={"resourceVersion": "2"}))
    assert {user.metadata.name for user in resources.take(10)} == {"a", "b"}
    resources.absorb(a_user("b", userName="jane@example.com", metadata={"resourceVersion": "3"}))
    assert resources.marked == 0
    resources.absorb(a_user("b", userName="jane@example.com", deleting=True, metadata={"resourceVersion": "4"}))
    assert [user.metadata.name for user in resources.take(10)] == ["b"]


def test_an_answer_about_a_resource_that_is_gone_brings_nothing_back() -> None:
    resources = kept(a_user("a"))
    resources.remove("uid-a")
    resources.absorb(version("a", 2))
    assert len(resources) == 0


def test_a_version_that_no_server_has_replaces_the_newest() -> None:
    """A resource that vanished goes on as one that is being deleted."""
    resources = kept(a_user("a"))
    resources.replace(a_user("a", deleting=True))
    found = resources.get("uid-a")
    assert found is not None
    assert found.metadata.deleting
    assert resources.marked == 1


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [("10", "9", True), ("9", "10", False), ("9", "9", False), ("b", "a", True), ("a", "a", False), ("10", "a", True)],
)
def test_versions_are_numbers(version: str, than: str, newer: bool) -> None:
    """KEP-5504; whatever is none is only compared for being the same."""
    assert is_newer(version, than) is newer


happenings = st.lists(
    st.tuples(st.sampled_from(["put", "absorb", "remove"]), st.sampled_from("abc"), st.sampled_from(["True", "False"])),
    max_size=40,
)


@given(happenings)
def test_what_is_counted_is_what_is_there(script: list[tuple[str, str, str]]) -> None:
    """Adding and taking away gives what counting everybody would give, and every change moves the version."""
    resources = Resources()
    for number, (what, name, ready) in enumerate(script, start=1):
        before = resources.version
        status = {"conditions": [condition("Ready", ready, "Succeeded")]}
        user = a_user(name, status=status, metadata={"resourceVersion": str(number)})
        known = resources.get(f"uid-{name}") is not None
        if what == "remove":
            resources.remove(f"uid-{name}")
        else:
            getattr(resources, what)(user)
        assert (resources.version > before) is (known or what == "put")
    assert resources.census._counts == Census(resources)._counts
