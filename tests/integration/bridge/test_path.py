"""The whole path: a signed event of the HR system ends in CXone, and the audit trail of both processes names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.bridge import Bridge
from support.cxone import Company
from support.waiting import eventually

BridgeOf = Callable[[Company], Bridge]
pytestmark = pytest.mark.usefixtures("installed")


@pytest.fixture
def company(own_company: Company) -> Company:
    """Whose operator is started here, as the installed command."""
    return own_company


@pytest.fixture
def bridge_of() -> Iterator[BridgeOf]:
    """Starts the bridge of a company's namespace."""
    made: list[Bridge] = []

    def start(company: Company) -> Bridge:
        made.append(Bridge(company.plane.kubeconfig, company.directory, company.namespace))
        return made[-1]

    yield start
    for bridge in made:
        bridge.close()


@pytest.fixture
def bridge(company: Company, bridge_of: BridgeOf) -> Bridge:
    """The bridge of the company."""
    return bridge_of(company)


def in_cxone(company: Company, user_name: str) -> dict[str, Any]:
    """What matters of the user in CXone; empty where there is none."""
    found = company.remote(user_name) or {}
    roles = [role["value"] for role in found.get("roles", [])]
    return {"active": found["active"], "licensed": found["licensed"], "roles": roles} if found else {}


def test_hired_moved_terminated_and_back(company: Company, bridge: Bridge) -> None:
    """Each event is in effect in CXone; the seat is released at the end and taken again."""
    company.open()
    for event, effect in (
        ({"action": "hire", "role": "Agent", "group": "Support-Team", "id_": "msg_hire"}, (True, "Agent")),
        ({"action": "update", "role": "Supervisor", "id_": "msg_move"}, (True, "Supervisor")),
        ({"action": "terminate", "id_": "msg_end"}, (False, "Supervisor")),
        ({"action": "rehire", "id_": "msg_back"}, (True, "Supervisor")),
    ):
        assert bridge.send(email="jane@x.com", **event).status == 202
        active, role = effect
        expected = {"active": active, "licensed": active, "roles": [role]}
        eventually(lambda expected=expected: in_cxone(company, "jane@x.com") == expected)
    name = bridge.send("rehire", "jane@x.com", id_="msg_back").body["name"]
    company.until_ready(name)
    assert company.effects("jane@x.com").count("created") == 1
    lines = company.trail()
    said = [(line["action"], line["webhookId"]) for line in lines if line["result"] == "success"]
    assert said[:2] == [("create", "msg_hire"), ("update", "msg_move")]
    assert ("deactivate", "msg_end") in said
    assert {line["requestedBy"] for line in lines} == {"cxone-hr-bridge"}


def known_only_to_cxone(company: Company) -> str:
    """An account that somebody made in CXone by hand; its userName, which says nothing of its name."""
    name = {"givenName": "Johanna", "familyName": "Schmidt"}
    account = {
        "name": name,
        "emails": [{"value": "jane@x.com", "type": "work", "primary": True}],
        "active": True,
        "roles": [{"value": "Agent"}],
    }
    company.change_outside("jane@x.com", **account)
    return "jane@x.com"


def test_a_stranger_is_locked_out_and_nobody_is_created(company: Company, bridge: Bridge) -> None:
    """Without a resource: who exists only in CXone is deactivated and not renamed, who exists nowhere is not made."""
    stranger = known_only_to_cxone(company)
    name = bridge.send("terminate", stranger).body["name"]
    nobody = bridge.send("terminate", "nobody@x.com").body["name"]
    company.open()
    eventually(lambda: in_cxone(company, stranger) == {"active": False, "licensed": False, "roles": ["Agent"]})
    company.until_ready(nobody)
    company.until_ready(name)
    assert company.remote("nobody@x.com") is None
    assert (company.remote(stranger) or {})["name"] == {"givenName": "Johanna", "familyName": "Schmidt"}


def test_a_hire_adopts_without_renaming(company: Company, bridge: Bridge) -> None:
    """An account that exists keeps the name that the HR system did not say; what it says later is carried out."""
    person = known_only_to_cxone(company)
    company.open()
    name = bridge.send("hire", person, role="Supervisor").body["name"]
    eventually(lambda: in_cxone(company, person)["roles"] == ["Supervisor"])
    company.until_ready(name)
    assert (company.remote(person) or {})["name"] == {"givenName": "Johanna", "familyName": "Schmidt"}
    assert bridge.send("update", person, lastName="Said").status == 202
    eventually(lambda: (company.remote(person) or {})["name"] == {"givenName": "Johanna", "familyName": "Said"})


def test_a_flood_of_terminations_meets_the_guard(own_company: Company, bridge_of: BridgeOf) -> None:
    """An HR system that goes mad locks nobody out: the operator holds them all until somebody approves."""
    bridge = bridge_of(own_company)
    own_company.open(safety={"deprovisioning": {"maxUsers": 2, "minUsers": 2, "maxPercent": 100}})
    people = [f"person-{number}@x.com" for number in range(6)]
    names = [bridge.send("hire", person).body["name"] for person in people]
    for name in names:
        own_company.until_ready(name)
    # While the operator is away, so that it sees them at once.
    own_company.operator.stop()
    assert {bridge.send("terminate", person).status for person in people} == {202}
    own_company.operator.start()
    for name in names:
        own_company.until_reason(name, "DeprovisioningHeld")
    assert all(in_cxone(own_company, person)["active"] for person in people)


def test_who_is_hired_while_the_guard_holds_the_deletion_keeps_the_account(
    own_company: Company, bridge_of: BridgeOf
) -> None:
    """The new resource takes it over, the old one goes, and the others are held as before."""
    bridge = bridge_of(own_company)
    own_company.open(safety={"deprovisioning": {"maxUsers": 2, "minUsers": 2, "maxPercent": 100}})
    people = [f"person-{number}@x.com" for number in range(4)]
    names = [bridge.send("hire", person, employeeId=person[:8]).body["name"] for person in people]
    for name in names:
        own_company.until_ready(name)
    own_company.operator.stop()
    own_company.delete(*names)
    own_company.operator.start()
    own_company.until_held(4)
    back = bridge.send("hire", people[0], employeeId=people[0][:8])
    assert back.status == 202
    own_company.until_ready(back.body["name"])
    own_company.until_gone(names[0])
    assert own_company.effects(people[0]).count("created") == 1
    assert "deactivated" not in own_company.effects()
    assert in_cxone(own_company, people[0])["active"]
    own_company.until_reason(names[1], "DeprovisioningHeld")


def test_an_address_takes_no_rights_along(company: Company, bridge: Bridge) -> None:
    """Somebody else who is hired at the address of a former administrator is not let in as one."""
    company.open()
    name = bridge.send("hire", "j.doe@x.com", employeeId="E2", role="Supervisor").body["name"]
    company.until_ready(name)
    assert bridge.send("terminate", "j.doe@x.com", employeeId="E2").status == 202
    eventually(lambda: not in_cxone(company, "j.doe@x.com")["active"])
    assert bridge.send("hire", "j.doe@x.com", employeeId="E9").status == 409
    company.until_ready(name)
    assert not in_cxone(company, "j.doe@x.com")["active"]


def test_who_has_gone_stays_gone(company: Company, bridge: Bridge) -> None:
    """Also when HR goes on to say something of them, and in another spelling than they were hired in."""
    person = "jos\u00e9@x.com"
    company.open()
    name = bridge.send("hire", person, role="Agent").body["name"]
    company.until_ready(name)
    assert bridge.send("terminate", "Jose\u0301@x.com").body["name"] == name
    eventually(lambda: not in_cxone(company, person)["active"])
    company.delete(name)
    company.until_gone(name)
    eventually(lambda: bridge.send("update", person, lastName="New").status == 404)
    assert not in_cxone(company, person)["active"]


def test_a_wedding_moves_the_account(company: Company, bridge: Bridge) -> None:
    """The account gets the new address, and the end that is said under it is the end of that account."""
    company.open()
    name = bridge.send("hire", "anna.alt@x.com", employeeId="E1", role="Supervisor").body["name"]
    company.until_ready(name)
    assert bridge.send("update", "anna.neu@x.com", employeeId="E1").body["name"] == name
    eventually(lambda: in_cxone(company, "anna.neu@x.com").get("active") is True)
    assert bridge.send("terminate", "anna.neu@x.com", employeeId="E1").body["name"] == name
    eventually(lambda: not in_cxone(company, "anna.neu@x.com")["active"])
    assert company.active() == 0
    assert company.effects().count("created") == 1
