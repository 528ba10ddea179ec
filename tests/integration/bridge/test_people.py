"""Who is who: marriages, addresses that go to others, spellings, resources that are being deleted, replicas."""

from __future__ import annotations

import base64
import gzip
import hmac
import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from integration.bridge.conftest import MakeBridge, days, users
from support.bridge import SECRET, Answer, Bridge
from support.kube import Json, Kube
from support.resources import user
from support.waiting import eventually

OLD, NEW = "anna.alt@x.com", "anna.neu@x.com"


def only(kube: Kube, namespace: str) -> Json:
    """The one resource there is."""
    (resource,) = kube.all("CxoneUser", namespace)
    return resource


def being_deleted(kube: Kube, namespace: str, name: str) -> None:
    """As while the guard holds it: the finalizer is there, and stays."""
    kube.patch("CxoneUser", namespace, name, {"metadata": {"finalizers": ["cxone.dev/user"]}}).accepted()
    kube.delete("CxoneUser", namespace, name).accepted()


def let_go(kube: Kube, namespace: str, name: str) -> None:
    """What the operator does in the end."""
    kube.patch("CxoneUser", namespace, name, {"metadata": {"finalizers": None}}).accepted()


def test_a_wedding(shared: Bridge, kube: Kube, workforce: str) -> None:
    """The same resource gets the new address, and the terminate under it is hers."""
    name = shared.send("hire", OLD, employeeId="E1", role="Supervisor").body["name"]
    assert shared.send("update", NEW, employeeId="E1", lastName="Neu").body["name"] == name
    renamed = only(kube, workforce)
    assert (renamed["spec"]["userName"], renamed["spec"]["role"]) == (NEW, "Supervisor")
    assert json.loads(renamed["metadata"]["annotations"]["cxone.dev/former-user-names"]) == [OLD]
    (line,) = [line for line in shared.trail()[-2:] if "userName" in line["changes"] and line["action"] == "hr-update"]
    assert line["changes"]["userName"] == f"{OLD} → {NEW}"
    assert shared.send("terminate", NEW, employeeId="E1").body["name"] == name
    assert only(kube, workforce)["spec"]["active"] is False


def test_order_holds_across_a_wedding(shared: Bridge, kube: Kube, workforce: str) -> None:
    """What was sent under the old address before is late, whether it says the number or not; what comes after asks."""
    hired = shared.send("hire", OLD, employeeId="E1", occurredAt=days(-5), id_="msg_hire")
    assert shared.send("update", NEW, employeeId="E1", occurredAt=days(-2)).status == 202
    before = only(kube, workforce)
    for number in ({}, {"employeeId": "E1"}):
        late = shared.send("terminate", OLD, occurredAt=days(-3), **number)
        assert (late.status, late.body["status"], late.body["name"]) == (200, "ignored", hired.body["name"])
    again = shared.send("hire", OLD, employeeId="E1", occurredAt=days(-5), id_="msg_hire")
    assert (again.status, again.body) == (hired.status, hired.body)
    for action in ("hire", "terminate"):
        unclear = shared.send(action, OLD)
        assert (unclear.status, unclear.body["resources"]) == (409, [hired.body["name"]])
        assert "present address" in unclear.body["error"]
    assert only(kube, workforce) == before


def test_an_employee_who_is_gone_is_terminated_under_an_address_of_somebody_else(
    shared: Bridge, kube: Kube, workforce: str
) -> None:
    """The number says who it is; the one who has the address stays."""
    shared.send("hire", OLD, employeeId="E1")
    shared.send("hire", NEW, employeeId="E2")
    assert shared.send("update", NEW, employeeId="E1").status == 409
    assert shared.send("terminate", NEW, employeeId="E1").status == 202
    assert {name: item["spec"]["active"] for name, item in users(kube, workforce).items()} == {OLD: False, NEW: True}


def test_an_address_is_not_inherited(shared: Bridge, kube: Kube, workforce: str) -> None:
    """Neither from who has left, nor from who is being deleted, nor from who was renamed; in any spelling."""
    name = shared.send("hire", "j.doe@x.com", employeeId="E2", role="Administrator").body["name"]

    def refused(address: str = "J.Doe@X.com") -> None:
        answer = shared.send("hire", address, employeeId="E9")
        assert (answer.status, answer.body["resources"]) == (409, [name]), answer
        assert f"the CxoneUser {name}" in answer.body["error"]

    refused()
    assert shared.send("terminate", "j.doe@x.com", employeeId="E2").status == 202
    refused()
    assert shared.send("update", "john.doe@x.com", employeeId="E2").status == 202
    refused()
    being_deleted(kube, workforce, name)
    refused()
    refused("john.doe@x.com")
    let_go(kube, workforce, name)
    eventually(lambda: shared.send("hire", "j.doe@x.com", employeeId="E9").status == 202)
    assert only(kube, workforce)["spec"]["employeeId"] == "E9"
    assert shared.trail()[-1]["action"] == "hr-hire"


def test_two_spellings_are_one_person(shared: Bridge, kube: Kube, workforce: str) -> None:
    """Composed or not, in any case, the domain as it is typed or as DNS has it."""
    name = shared.send("hire", "jose\u0301@m\u00fcnchen.example", role="Agent").body["name"]
    assert only(kube, workforce)["spec"]["userName"] == "jos\u00e9@m\u00fcnchen.example"
    assert shared.send("terminate", "jos\u00e9@xn--mnchen-3ya.example").body["name"] == name
    assert only(kube, workforce)["spec"]["active"] is False
    assert shared.send("rehire", "JOS\u00c9@M\u00dcNCHEN.example").body["name"] == name
    assert shared.send("terminate", "JOSE\u0301@m\u00fcnchen.example").body["name"] == name
    assert only(kube, workforce)["spec"]["active"] is False


def test_an_update_brings_nobody_back(shared: Bridge, kube: Kube, workforce: str) -> None:
    """Neither who never was there, nor who has left, nor whose resource is being deleted, or is gone."""
    counted = 'cxone_operator_bridge_events_total{action="update",result="unknown"}'
    before = shared.metric(counted)

    def unknown() -> bool:
        answer = shared.send("update", "gone@x.com", employeeId="E1", lastName="New")
        return answer.status == 404 and "send a hire" in answer.body["error"]

    assert unknown()
    name = shared.send("hire", "gone@x.com", employeeId="E1").body["name"]
    assert shared.send("terminate", "gone@x.com", employeeId="E1").status == 202
    assert shared.send("update", "gone@x.com", lastName="New").status == 202
    assert only(kube, workforce)["spec"]["active"] is False
    being_deleted(kube, workforce, name)
    eventually(unknown)
    let_go(kube, workforce, name)
    eventually(unknown)
    assert users(kube, workforce) == {}
    assert shared.metric(counted) - before >= 3
    assert shared.trail()[-1]["result"] == "refused"


def test_who_is_hired_while_the_old_resource_is_being_deleted_gets_a_new_one(
    shared: Bridge, kube: Kube, workforce: str
) -> None:
    """At once, as the deletion may be held for days; once, and in order with what the old one remembers."""
    old = shared.send("hire", "jane@x.com", employeeId="E1", occurredAt=days(-3), id_="msg_hire").body["name"]
    being_deleted(kube, workforce, old)
    late = shared.send("rehire", "jane@x.com", employeeId="E1", occurredAt=days(-4))
    assert (late.status, late.body["name"]) == (200, old)
    back = shared.send("hire", "jane@x.com", employeeId="E1", role="Agent", occurredAt=days(-1), id_="msg_back")
    assert back.status == 202
    assert back.body["name"] != old
    let_go(kube, workforce, old)
    eventually(lambda: len(kube.all("CxoneUser", workforce)) == 1)
    new = only(kube, workforce)
    assert (new["metadata"]["name"], new["spec"]["active"], new["spec"]["role"]) == (back.body["name"], True, "Agent")
    for id_, occurred in (("msg_back", -1), ("msg_hire", -3)):
        again = shared.send("hire", "jane@x.com", employeeId="E1", occurredAt=days(occurred), id_=id_)
        assert (again.status, again.body["name"]) == (202, back.body["name"])
    assert only(kube, workforce) == new


def test_two_resources_of_one_number_are_both_named(shared: Bridge, kube: Kube, workforce: str) -> None:
    """Made by hand; nothing is guessed."""
    for name in ("one", "two"):
        made = user(workforce, name, userName=f"{name}@x.com", employeeId="E1")
        kube.apply(made, "argocd").accepted()
    eventually(lambda: shared.send("terminate", "one@x.com", employeeId="E1").status == 409)
    answer = shared.send("terminate", "one@x.com", employeeId="E1")
    assert sorted(answer.body["resources"]) == ["one", "two"]
    assert "have this employeeId" in answer.body["error"]


def test_an_employee_of_git_is_known_by_number(shared: Bridge, kube: Kube, workforce: str) -> None:
    """A moment after it was made; and a userName that Git declares is changed there."""
    made = user(workforce, "from-git", userName=OLD, employeeId="E1")
    kube.apply(made, "argocd").accepted()
    answer = shared.send("update", NEW, employeeId="E1")
    assert (answer.status, answer.body["conflicts"]) == (409, [{"field": "spec.userName", "manager": "argocd"}])
    assert shared.send("terminate", NEW, employeeId="E1").body["name"] == "from-git"


def persistent(replica: Bridge, action: str, address: str, number: str, occurred: str) -> Answer:
    """Sent until it is not refused for the moment."""
    while (answer := replica.send(action, address, employeeId=number, occurredAt=occurred)).status in (404, 503):
        time.sleep(0.05)
    return answer


def test_two_replicas_hire_the_same_employee_at_once(make_bridge: MakeBridge, kube: Kube, namespace: str) -> None:
    """At two addresses, with an update between: one resource each, and the newest event counts."""
    replicas = [make_bridge(), make_bridge()]
    people = [f"E{number}" for number in range(12)]
    events = [
        (replicas[(index + turn) % 2], action, f"p{index}-{turn}@x.com", number, days(-4 + turn))
        for index, number in enumerate(people)
        for turn, action in ((1, "hire"), (0, "hire"), (2, "update"))
    ]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda event: persistent(*event), events))
    assert {answer.status for answer in answers} <= {200, 202}
    stored = {item["spec"]["employeeId"]: item for item in kube.all("CxoneUser", namespace)}
    assert len(kube.all("CxoneUser", namespace)) == len(stored) == len(people)
    assert [stored[number]["spec"]["userName"] for number in people] == [f"p{index}-2@x.com" for index in range(12)]
    assert ordered(stored.values())


def ordered(resources: Iterable[Json]) -> bool:
    """Each remembers its events in the order of their times."""
    remembered = [json.loads(item["metadata"]["annotations"]["cxone.dev/hr-events"]) for item in resources]
    return all(events == sorted(events, key=lambda event: str(event["time"])) for events in remembered)


def test_a_signed_body_that_is_no_text_is_a_bad_body(shared: Bridge, kube: Kube, workforce: str) -> None:
    """Compressed, or in another encoding: 400 with the remedy, as the secret is right."""
    event = json.dumps({"action": "hire", "email": "jane@x.com"})
    for data, words in ((gzip.compress(event.encode(), mtime=0), "gzip"), (event.encode("utf-16"), "not UTF-8")):
        moment = str(int(datetime.now(UTC).timestamp()))
        digest = hmac.digest(SECRET, f"msg_1.{moment}.".encode() + data, "sha256")
        signature = f"v1,{base64.b64encode(digest).decode()}"
        headers = {"webhook-id": "msg_1", "webhook-timestamp": moment, "webhook-signature": signature}
        answer = shared.post(data, headers | {"Content-Encoding": "gzip"})
        assert (answer.status, words in answer.body["error"]) == (400, True), answer
    assert users(kube, workforce) == {}
