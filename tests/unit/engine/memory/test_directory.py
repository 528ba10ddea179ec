"""The directory: what is known, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxone_operator.core.knowledge import Absent, Ambiguous, Present, Proof, Unknown
from cxone_operator.core.users import RemoteUser, key_of
from cxone_operator.engine.memory.directory import Directory
from unit.builders import a_remote

JANE, JOHN = "jane@example.com", "john@example.com"


def refreshed(*users: RemoteUser, at: float = 10.0) -> Directory:
    directory = Directory()
    refresh = directory.begin_refresh(at)
    directory.take_page(refresh, users)
    directory.finish_refresh(refresh)
    return directory


def test_absence_is_unknown_before_the_first_snapshot() -> None:
    """Nothing may be concluded from a user that an incomplete snapshot does not show."""
    directory = Directory()
    assert directory.known(JANE, 1.0) == Unknown()
    directory.put(a_remote(), 1.0)
    assert directory.known(JANE, 1.0) == Present(a_remote(), 0.0)


def test_absence_has_an_age() -> None:
    """So that plans can ask for a fresher look before they let a resource go."""
    assert refreshed(at=10.0).known(JANE, 25.0) == Absent(15.0, Proof.LISTED)


def test_forgotten_users_are_unknown_until_read() -> None:
    """A lost answer leaves nobody guessing."""
    directory = refreshed(a_remote())
    directory.forget(JANE, 20.0)
    assert directory.known(JANE, 21.0) == Unknown()
    directory.learn([JANE], [], sent=22.0)
    assert directory.known(JANE, 23.0) == Absent(1.0)


def test_a_look_up_sent_before_the_change_proves_nothing() -> None:
    """Later knowledge stays."""
    directory = refreshed()
    directory.forget(JANE, 20.0)
    directory.learn([JANE], [a_remote()], sent=19.0)
    assert directory.known(JANE, 21.0) == Unknown()


def test_a_snapshot_does_not_undo_what_was_written_through_meanwhile() -> None:
    """Pages read before our change would show the user as it was."""
    directory = refreshed(a_remote(active=True))
    refresh = directory.begin_refresh(30.0)
    directory.put(a_remote(active=False), 31.0)
    assert directory.take_page(refresh, [a_remote(active=True)]) == set()
    assert directory.finish_refresh(refresh) == set()
    assert directory.known(JANE, 32.0) == Present(a_remote(active=False), 1.0)


def test_a_snapshot_names_what_changed() -> None:
    """Drift detection looks at those only."""
    directory = refreshed(a_remote("jane"), a_remote("john"), a_remote("judy"))
    refresh = directory.begin_refresh(40.0)
    assert directory.take_page(refresh, [a_remote("jane"), a_remote("john", active=False)]) == {"john@example.com"}
    assert directory.finish_refresh(refresh) == {"judy@example.com"}


def test_two_users_of_one_name_are_ambiguous() -> None:
    """Whatever their case."""
    other = RemoteUser("other", a_remote(user_name="JANE@example.com").state)
    assert refreshed(a_remote(), other).known(JANE, 11.0) == Ambiguous(("id-jane", "other"))


def test_doubted_absences_are_unknown() -> None:
    """A job of an earlier process may have created users after the snapshot."""
    directory = refreshed(a_remote("john"))
    directory.doubt_absences()
    assert directory.known(JANE, 11.0) == Unknown()
    assert isinstance(directory.known("john@example.com", 11.0), Present)


def test_a_snapshot_by_look_ups_proves_nothing_of_whoever_was_not_asked_for() -> None:
    """A tenant that cannot list: resources that come later are unknown, not absent."""
    directory = Directory()
    refresh = directory.begin_refresh(1.0, ["jane@example.com", "john@example.com"])
    directory.take_page(refresh, [a_remote("jane")])
    directory.finish_refresh(refresh)
    assert directory.complete
    assert isinstance(directory.known("jane@example.com", 2.0), Present)
    assert directory.known("john@example.com", 2.0) == Absent(1.0)
    assert directory.known("late@example.com", 2.0) == Unknown()


def test_a_page_is_taken_over_when_it_comes() -> None:
    """No amount of users stops the loop, and nobody waits for the last page to be looked at."""
    directory = refreshed(a_remote("jane", active=False))
    refresh = directory.begin_refresh(20.0)
    assert directory.take_page(refresh, [a_remote("jane")]) == {JANE}
    assert directory.known(JANE, 21.0) == Present(a_remote("jane"), 11.0), "its age is not younger than its proof"
    assert directory.take_page(refresh, [a_remote("john")]) == {JOHN}
    assert isinstance(directory.known(JOHN, 21.0), Present)


def test_who_is_missing_is_known_at_the_end_only() -> None:
    """The next page may show it."""
    directory = refreshed(a_remote("jane"), a_remote("john"))
    refresh = directory.begin_refresh(20.0)
    directory.take_page(refresh, [a_remote("john")])
    assert isinstance(directory.known(JANE, 21.0), Present)
    assert directory.finish_refresh(refresh) == {JANE}
    assert directory.known(JANE, 21.0) == Absent(1.0, Proof.LISTED)


def test_a_walk_that_is_not_finished_makes_nobody_absent() -> None:
    """Its pages count, and nothing else does."""
    directory = refreshed(a_remote("jane"))
    directory.take_page(directory.begin_refresh(20.0), [a_remote("john")])
    assert directory.known(JANE, 30.0) == Present(a_remote("jane"), 20.0)
    assert directory.refreshed == 10.0


def test_before_the_first_walk_has_ended_nobody_is_absent() -> None:
    """Nor present, unless it was read by name: somebody of that name may still come."""
    directory = Directory()
    refresh = directory.begin_refresh(1.0)
    directory.take_page(refresh, [a_remote("jane")])
    directory.learn([JOHN], [], sent=2.0)
    assert directory.known(JANE, 3.0) == Unknown()
    assert directory.known(JOHN, 3.0) == Absent(1.0)
    directory.finish_refresh(refresh)
    assert directory.known(JANE, 3.0) == Present(a_remote("jane"), 2.0)
    assert directory.known(JOHN, 3.0) == Absent(1.0), "a look by name, later than the walk began, is younger"


def test_two_users_of_one_name_on_two_pages_are_ambiguous() -> None:
    """Also where the first of them was known for long."""
    other = RemoteUser("other", a_remote().state)
    directory = refreshed(a_remote())
    refresh = directory.begin_refresh(20.0)
    assert directory.take_page(refresh, [a_remote()]) == set()
    assert directory.take_page(refresh, [other]) == {JANE}
    directory.finish_refresh(refresh)
    assert directory.known(JANE, 21.0) == Ambiguous(("id-jane", "other"))
    again = directory.begin_refresh(30.0)
    directory.take_page(again, [other])
    directory.finish_refresh(again)
    assert directory.known(JANE, 31.0) == Present(other, 1.0), "one of them was deleted"


def test_two_users_of_one_name_stay_ambiguous_during_a_walk() -> None:
    """The first page that shows one of them says nothing of the other: nobody is taken for the only one."""
    other = RemoteUser("other", a_remote().state)
    directory = refreshed(a_remote(), other)
    refresh = directory.begin_refresh(20.0)
    for page in ([a_remote()], [other]):
        assert directory.take_page(refresh, page) == set()
        assert directory.known(JANE, 21.0) == Ambiguous(("id-jane", "other"))
    assert directory.finish_refresh(refresh) == set()
    assert directory.known(JANE, 21.0) == Ambiguous(("id-jane", "other"))


def test_one_of_three_that_does_not_come_is_gone_at_the_end() -> None:
    """Who was found on the way counts as well."""
    second, third = RemoteUser("second", a_remote().state), RemoteUser("third", a_remote().state)
    directory = refreshed(a_remote(), second)
    refresh = directory.begin_refresh(20.0)
    assert directory.take_page(refresh, [second, third]) == {JANE}
    assert directory.finish_refresh(refresh) == {JANE}
    assert directory.known(JANE, 21.0) == Ambiguous(("second", "third"))
    again = directory.begin_refresh(30.0)
    directory.forget(JANE, 31.0)
    directory.take_page(again, [third])
    assert directory.finish_refresh(again) == set(), "what was touched meanwhile is left alone"
    assert directory.known(JANE, 32.0) == Unknown()


def test_a_user_that_moves_between_pages_is_kept_once() -> None:
    """RFC 7644 section 3.4.2.4 promises no order."""
    directory = Directory()
    refresh = directory.begin_refresh(1.0)
    assert directory.take_page(refresh, [a_remote()]) == {JANE}
    assert directory.take_page(refresh, [a_remote()]) == set()
    directory.finish_refresh(refresh)
    assert (len(directory), directory.active_users) == (1, 1)
    assert directory.known(JANE, 1.0) == Present(a_remote())


@pytest.mark.parametrize("before_the_page", [True, False])
def test_what_happens_during_a_walk_wins(before_the_page: bool) -> None:
    """Our own request is younger than the page that was on its way, whichever of them comes first."""
    directory = refreshed(a_remote())
    refresh = directory.begin_refresh(20.0)
    if before_the_page:
        directory.remove(a_remote(), 21.0)
    directory.take_page(refresh, [a_remote()])
    if not before_the_page:
        directory.remove(a_remote(), 21.0)
    assert directory.finish_refresh(refresh) == set()
    assert directory.known(JANE, 22.0) == Absent(1.0)


def test_what_is_forgotten_during_a_walk_stays_unknown() -> None:
    """Its page may be older than what has happened; the next walk tells."""
    directory = refreshed(a_remote())
    refresh = directory.begin_refresh(20.0)
    directory.forget(JANE, 21.0)
    directory.take_page(refresh, [a_remote()])
    directory.finish_refresh(refresh)
    assert directory.known(JANE, 22.0) == Unknown()
    again = directory.begin_refresh(30.0)
    assert directory.take_page(again, [a_remote()]) == {JANE}, "it is as before, which is news all the same"


def test_a_user_that_is_created_during_a_walk_is_not_missing() -> None:
    """Its page was read before."""
    directory = refreshed()
    refresh = directory.begin_refresh(20.0)
    directory.put(a_remote(), 21.0)
    assert directory.finish_refresh(refresh) == set()
    assert directory.known(JANE, 22.0) == Present(a_remote(), 1.0)


def test_a_user_that_is_renamed_leaves_its_old_name() -> None:
    renamed = RemoteUser("id-jane", a_remote("janet").state)
    directory = refreshed(a_remote("jane"))
    refresh = directory.begin_refresh(20.0)
    directory.take_page(refresh, [renamed])
    directory.finish_refresh(refresh)
    assert directory.known(JANE, 21.0) == Absent(1.0, Proof.LISTED)
    assert directory.known("janet@example.com", 21.0) == Present(renamed, 1.0)
    assert len(directory) == 1


def test_unknown_since_says_whether_an_answer_is_young_enough() -> None:
    """A question that was on its way before something happened has to be asked again."""
    directory = refreshed(a_remote())
    assert directory.forgotten(JANE) < 10.0
    directory.forget(JANE, 20.0)
    assert directory.forgotten(JANE) == 20.0


def test_who_is_unknown_counts_as_active() -> None:
    """Where seats are counted by the snapshot, nobody is promised one that may be taken."""
    directory = refreshed(a_remote("jane"), a_remote("john", active=False))
    assert (directory.active_users, set(directory.active_keys)) == (1, {JANE})
    directory.forget(JANE, 20.0)
    directory.forget(JOHN, 20.0)
    assert directory.active_users == 2


def test_names_in_use() -> None:
    """CXone has no request that lists roles or groups; the last user to have one takes it away."""
    directory = refreshed(a_remote("jane", roles=("Agent", "Boss")), a_remote("john", groups=None))
    assert (directory.roles(), directory.groups()) == ({"Agent", "Boss"}, {"Support-Team"})
    directory.remove(a_remote("jane"), 20.0)
    assert (directory.roles(), directory.groups()) == ({"Agent"}, set())


people = st.sampled_from(["jane", "john", "judy"])
remotes = st.builds(
    lambda name, id_, active, roles: RemoteUser(id_, a_remote(name, active=active, roles=roles).state),
    people,
    st.sampled_from(["1", "2", "3", "4"]),
    st.booleans(),
    st.sampled_from([("Agent",), ("Agent", "Boss"), ()]),
)


@given(
    st.lists(st.tuples(st.sampled_from(["put", "remove", "learn", "walk"]), st.lists(remotes, max_size=4)), max_size=15)
)
def test_counts_are_those_of_the_users(script: list[tuple[str, list[RemoteUser]]]) -> None:
    """Whatever is written through, read by name or walked: the indexes agree with the users that are kept."""
    directory, now = Directory(), 0.0
    for what, users in script:
        now += 1
        if what == "learn":
            directory.learn({user.state.user_name for user in users}, users, now)
        elif what == "walk":
            refresh = directory.begin_refresh(now)
            directory.take_page(refresh, {user.id: user for user in users}.values())
            directory.finish_refresh(refresh)
        else:
            for user in users:
                getattr(directory, what)(user, now)
    kept = list(directory._users.values())
    active = {key_of(user.state.user_name) for user in kept if user.state.active}
    doubted = directory._unknown.keys() - active
    assert directory.active_users == sum(user.state.active for user in kept) + len(doubted)
    assert directory.roles() == {name for user in kept for name in user.state.roles or ()}
    names = {user.state.user_name for user in kept}
    assert directory.strangers((), ()) == len(kept)
    assert directory.strangers((), names) == directory.strangers({user.id for user in kept}, ()) == 0
    for key in names:
        ids = {user.id for user in kept if user.state.user_name == key}
        assert set(directory.named(key)) == ids
        known = directory.known(key, now)
        if isinstance(known, Present | Ambiguous):
            assert ids == ({known.user.id} if isinstance(known, Present) else set(known.ids))


def test_an_account_that_only_its_id_finds_is_kept_while_it_is_inactive() -> None:
    """A list that hides the inactive says nothing of it; an active one would be listed."""
    directory, hidden = refreshed(), a_remote(active=False)
    directory.learn([JANE], [], 5.0)
    directory.learn_accounts({hidden.id: hidden}, 5.0)
    assert directory.account_of(JANE) == hidden.id
    directory.finish_refresh(directory.begin_refresh(10.0))
    assert directory.known(JANE, 12.0) == Present(hidden, 7.0), "it is as old as the look"
    directory.put(a_remote(), 13.0)
    directory.finish_refresh(directory.begin_refresh(20.0))
    assert directory.known(JANE, 21.0) == Absent(1.0, Proof.LISTED)


def test_an_account_of_another_name_is_known_by_its_id() -> None:
    """Whoever the old name finds later is somebody else."""
    renamed = RemoteUser("id-jane", a_remote("janet").state)
    directory = refreshed(renamed)
    directory.learn([JANE], [], 15.0)
    directory.learn_accounts({"id-jane": renamed}, 15.0)
    assert directory.known(JANE, 16.0) == Absent(1.0)
    assert directory.account("id-jane", 16.0) == Present(renamed, 1.0)
