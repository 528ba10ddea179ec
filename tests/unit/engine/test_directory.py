"""The directory: what is known, and what is not."""

from __future__ import annotations

from cxone_operator.engine.directory import Directory

from cxone_operator.core.knowledge import Absent, Ambiguous, Present, Unknown
from cxone_operator.core.users import RemoteUser
from unit.builders import a_remote

JANE = "jane@example.com"


def refreshed(*users: RemoteUser, at: float = 10.0) -> Directory:
    directory = Directory()
    refresh = directory.begin_refresh(at)
    refresh.add(users)
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
    assert refreshed(at=10.0).known(JANE, 25.0) == Absent(15.0)


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
    refresh.add([a_remote(active=True)])
    directory.put(a_remote(active=False), 31.0)
    assert directory.finish_refresh(refresh) == set()
    assert directory.known(JANE, 32.0) == Present(a_remote(active=False), 1.0)


def test_a_snapshot_names_what_changed() -> None:
    """Drift detection looks at those only."""
    directory = refreshed(a_remote("jane"), a_remote("john"), a_remote("judy"))
    refresh = directory.begin_refresh(40.0)
    refresh.add([a_remote("jane"), a_remote("john", active=False)])
    assert directory.finish_refresh(refresh) == {"john@example.com", "judy@example.com"}


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
    refresh.add([a_remote("jane")])
    directory.finish_refresh(refresh)
    assert directory.complete
    assert isinstance(directory.known("jane@example.com", 2.0), Present)
    assert directory.known("john@example.com", 2.0) == Absent(1.0)
    assert directory.known("late@example.com", 2.0) == Unknown()
