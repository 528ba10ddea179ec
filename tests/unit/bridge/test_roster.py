"""The roster: found in any spelling, and never taken at its silence."""

from __future__ import annotations

import json
import weakref

from cxone_operator.bridge.roster import Roster


def resource(name: str, user_name: str, *former: str, **spec: str) -> dict[str, object]:
    annotations = {"annotations": {"cxone.dev/former-user-names": json.dumps(former)}} if former else {}
    return {"metadata": {"name": name, **annotations}, "spec": {"userName": user_name, **spec}}


def roster_of(*resources: dict[str, object]) -> Roster:
    """After a list of one resource a page."""
    roster = Roster()
    relist(roster, *resources)
    return roster


def relist(roster: Roster, *resources: dict[str, object]) -> None:
    roster.begun()
    for item in resources:
        roster.listed([item])
    roster.complete()


def test_people_are_found_in_any_case() -> None:
    """As userNames are compared."""
    roster = roster_of(resource("jane", "Jane@X.com"), resource("bob", "bob@x.com"))
    assert roster.of_address("jane@x.com") == ("jane",)
    roster.changed("ADDED", resource("jane-2", "JANE@x.com"))
    assert roster.of_address("jane@x.com") == ("jane", "jane-2")
    roster.changed("DELETED", resource("jane", "Jane@X.com"))
    assert roster.of_address("JANE@X.COM") == ("jane-2",)


def test_a_new_list_forgets_the_old() -> None:
    """Also who vanished while nobody watched, and a name that is somebody else's by now."""
    roster = roster_of(resource("jane", "jane@x.com"), resource("bob", "bob@x.com"))
    roster.begun()
    roster.listed([resource("jane", "ann@x.com")])
    assert roster.of_address("bob@x.com") == ("bob",), "until the new list is complete"
    roster.complete()
    assert (roster.of_address("jane@x.com"), roster.of_address("bob@x.com"), roster.of_address("ann@x.com")) == (
        (),
        (),
        ("jane",),
    )


def test_people_are_found_in_every_spelling() -> None:
    """Composed or not, and the domain as it is typed or as DNS has it."""
    roster = roster_of(resource("jose", "jos\u00e9@m\u00fcnchen.example"))
    for spelling in ("jose\u0301@m\u00fcnchen.example", "JOS\u00c9@xn--mnchen-3ya.example"):
        assert roster.of_address(spelling) == ("jose",)


def test_people_are_found_by_number_and_by_former_address() -> None:
    """Until the resource loses them, or goes; several may say the same."""
    roster = roster_of(resource("anna", "neu@x.com", "Alt@x.com", employeeId="E1"))
    assert (roster.of_employee("E1"), roster.of_address("alt@x.com")) == (("anna",), ("anna",))
    roster.changed("ADDED", resource("copy", "alt@x.com", employeeId="E1"))
    assert (roster.of_employee("E1"), roster.of_address("alt@x.com")) == (("anna", "copy"), ("anna", "copy"))
    roster.changed("MODIFIED", resource("anna", "neu@x.com"))
    assert (roster.of_employee("E1"), roster.of_address("alt@x.com")) == (("copy",), ("copy",))
    roster.changed("DELETED", resource("copy", "alt@x.com", employeeId="E1"))
    assert (roster.of_employee("E1"), roster.of_address("neu@x.com")) == ((), ("anna",))


def test_bodies_are_not_kept() -> None:
    """Of 40,000 resources only names are; their bodies would be ten times as much."""

    class Resource(dict[str, object]):
        """One that can be asked whether it is still there."""

    body = Resource(resource("anna", "neu@x.com", "alt@x.com", employeeId="E1"))
    there = weakref.ref(body)
    roster = roster_of(body)
    roster.changed("MODIFIED", body)
    del body
    assert there() is None
    assert roster.of_employee("E1") == ("anna",)


def test_a_roster_says_why_it_is_not_up_to_date() -> None:
    """Before the first list, and after the trail is lost; that it was up to date once is not forgotten."""
    roster = Roster()
    assert "not been listed" in (roster.problem or "")
    assert "not been listed" in (roster.awaited or "")
    relist(roster)
    assert roster.problem is None
    assert "not watched yet" in (roster.awaited or ""), "the server may refuse the watch"
    roster.followed()
    assert roster.awaited is None
    roster.lost("the connection broke")
    assert "the connection broke" in (roster.problem or "")
    assert roster.awaited is None
