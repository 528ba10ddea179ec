"""The roster: found in any case, and silent only where it knows."""

from __future__ import annotations

import pytest

from cxone_operator.bridge import roster as module
from cxone_operator.bridge.roster import Roster


def resource(name: str, user_name: str) -> dict[str, object]:
    return {"metadata": {"name": name}, "spec": {"userName": user_name}}


def test_people_are_found_in_any_case() -> None:
    """As userNames are compared."""
    roster = Roster()
    roster.listed([resource("jane", "Jane@X.com"), resource("bob", "bob@x.com")])
    assert roster.names("jane@x.com") == ("jane",)
    roster.changed("ADDED", resource("jane-2", "JANE@x.com"))
    assert roster.names("jane@x.com") == ("jane", "jane-2")
    roster.changed("DELETED", resource("jane", "Jane@X.com"))
    assert roster.names("JANE@X.COM") == ("jane-2",)


def test_a_new_list_forgets_the_old() -> None:
    """Also who vanished while nobody watched, and a name that is somebody else's by now."""
    roster = Roster()
    roster.listed([resource("jane", "jane@x.com"), resource("bob", "bob@x.com")])
    roster.listed([resource("jane", "ann@x.com")])
    assert (roster.names("jane@x.com"), roster.names("bob@x.com"), roster.names("ann@x.com")) == ((), (), ("jane",))


def test_silence_counts_while_the_watch_is_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before the first list, not a second after the last word, and not after the trail is lost."""
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    roster = Roster()
    assert not roster.live
    roster.listed([])
    assert not roster.live
    assert not roster.followed_once
    roster.spoke()
    assert roster.live
    now += 1.0
    assert not roster.live
    roster.spoke()
    assert roster.live
    roster.lost("the connection broke")
    assert not roster.live
    assert "the connection broke" in (roster.problem or "")
    assert roster.followed_once
