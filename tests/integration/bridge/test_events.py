"""Events: what an HR system sends, what is stored, and what it is told."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controlplane.plane import ControlPlane
from cxone_operator.bridge.sender import signed
from integration.bridge.conftest import MakeBridge, days, users
from support.bridge import SECRET, Bridge
from support.kube import Json, Kube
from support.resources import user
from support.waiting import eventually

MINIMAL = b'{"action":"hire","email":"jane@x.com","role":"Agent","group":"Support-Team"}'


def test_the_minimal_body_makes_a_user(shared: Bridge, kube: Kube, workforce: str) -> None:
    """As the original tutorial has it; names come from the address, and are marked as guesses."""
    answer = shared.post(MINIMAL, signed(SECRET, "msg_1", MINIMAL, datetime.now(UTC)))
    assert answer.status == 202, answer
    stored = users(kube, workforce)["jane@x.com"]
    assert answer.body == {"status": "accepted", "namespace": workforce, "name": stored["metadata"]["name"]}
    assert stored["spec"]["name"] == {"givenName": "Jane", "familyName": "X"}
    assert (stored["spec"]["role"], stored["spec"]["groups"], stored["spec"]["active"]) == (
        "Agent",
        ["Support-Team"],
        True,
    )
    assert json.loads(stored["metadata"]["annotations"]["cxone.dev/guessed-name"]) == stored["spec"]["name"]
    assert [entry["manager"] for entry in stored["metadata"]["managedFields"]] == ["cxone-hr-bridge"]


def test_a_life(shared: Bridge, kube: Kube, workforce: str) -> None:
    """Hired for next week, moved, leaving next month, staying after all, gone, back."""
    start, end = days(7), days(30)

    def spec() -> Json:
        return users(kube, workforce)["jane@x.com"]["spec"]

    assert shared.send("hire", "jane@x.com", effectiveDate=start, firstName="Jane", lastName="Doe").status == 202
    assert datetime.fromisoformat(spec()["activeFrom"]) == datetime.fromisoformat(start)
    assert shared.send("update", "jane@x.com", role="Agent", groups=["A", "B"], employeeId="7").status == 202
    assert shared.send("terminate", "jane@x.com", effectiveDate=end).status == 202
    assert datetime.fromisoformat(spec()["activeUntil"]) == datetime.fromisoformat(end)
    assert shared.send("rehire", "jane@x.com", role="Supervisor").status == 202
    assert not {"activeFrom", "activeUntil"} & spec().keys()
    assert shared.send("terminate", "Jane@X.com").status == 202
    assert spec()["active"] is False
    assert shared.send("rehire", "jane@x.com").status == 202
    assert {
        "active": True,
        "role": "Supervisor",
        "groups": ["A", "B"],
        "employeeId": "7",
        "name": {"givenName": "Jane", "familyName": "Doe"},
    }.items() <= spec().items()


def test_terminating_a_stranger_makes_an_inactive_user(shared: Bridge, kube: Kube, workforce: str) -> None:
    """So that the operator locks out whoever CXone has."""
    assert shared.send("terminate", "stranger@x.com").status == 202
    assert users(kube, workforce)["stranger@x.com"]["spec"]["active"] is False


def test_the_same_event_twice(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """The same answer and one effect, also after newer events, after a restart, and from another replica."""
    first = bridge.send("hire", "jane@x.com", id_="msg_hire", occurredAt=days(-3), role="Agent")
    assert bridge.send("terminate", "jane@x.com", occurredAt=days(-2)).status == 202
    before = users(kube, namespace)["jane@x.com"]
    bridge.kill()
    bridge.start()
    again = bridge.send("hire", "jane@x.com", id_="msg_hire", occurredAt=days(-3), role="Agent")
    assert (again.status, again.body) == (first.status, first.body)
    assert users(kube, namespace)["jane@x.com"] == before
    assert bridge.metric('cxone_operator_bridge_events_total{action="hire",result="duplicate"}') == 1


def test_an_older_event_is_ignored(shared: Bridge, kube: Kube, workforce: str) -> None:
    """The sender is told so, and nothing changes."""
    assert shared.send("terminate", "jane@x.com", occurredAt=days(-1)).status == 202
    before = users(kube, workforce)["jane@x.com"]
    answer = shared.send("hire", "jane@x.com", occurredAt=days(-2))
    assert (answer.status, answer.body["status"]) == (200, "ignored")
    assert "newer event" in answer.body["message"]
    assert users(kube, workforce)["jane@x.com"] == before


def test_two_replicas_at_once_end_in_the_newest_state(make_bridge: MakeBridge, kube: Kube, namespace: str) -> None:
    """Events of new people, sent to both at the same moment in any order: one resource each, the newest counts."""
    replicas = [make_bridge(), make_bridge()]
    people = [f"racer-{number}@x.com" for number in range(12)]
    events = [
        (replicas[(number + turn) % 2], "terminate" if turn == 3 else "hire", person, days(-4 + turn), f"R{turn}")
        for number, person in enumerate(people)
        for turn in (2, 0, 3, 1)
    ]

    def deliver(event: tuple[Bridge, str, str, str, str]) -> int:
        replica, action, person, time_, role = event
        while (answer := replica.send(action, person, occurredAt=time_, role=role)).status == 503:
            time.sleep(0.05)
        return answer.status

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(deliver, events)) <= {200, 202}
    stored = users(kube, namespace)
    assert sorted(stored) == sorted(people)
    for person in people:
        remembered = json.loads(stored[person]["metadata"]["annotations"]["cxone.dev/hr-events"])
        assert [item["time"] for item in remembered] == sorted(item["time"] for item in remembered)
        assert stored[person]["spec"]["active"] is False


def test_another_tenants_namesake_is_left_alone(make_bridge: MakeBridge, kube: Kube, namespace: str) -> None:
    """A userName is one person within one tenant."""
    other = user(namespace, "jane-emea", userName="jane@x.com", tenantRef={"name": "emea"})
    kube.apply(other, "argocd").accepted()
    answer = make_bridge().send("hire", "jane@x.com")
    assert answer.body["name"].startswith("jane-")
    assert answer.body["name"] != "jane-emea"
    answer = make_bridge("--tenant", "emea").send("terminate", "jane@x.com")
    assert answer.body.get("name") == "jane-emea", answer


def test_what_was_accepted_is_finished(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """A stop in the middle of many events: each is answered with 202 and stored, or was never taken."""
    people = [f"person-{number}@x.com" for number in range(40)]

    def hire(person: str) -> int:
        try:
            return bridge.send("hire", person).status
        except OSError:
            return 0

    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(hire, person) for person in people]
        eventually(lambda: any(answer.done() for answer in answers), every=0.001)
        bridge.stop()
        statuses = {person: answer.result() for person, answer in zip(people, answers, strict=True)}
    assert set(statuses.values()) <= {202, 0}
    assert {person for person, status in statuses.items() if status == 202} == users(kube, namespace).keys()


def test_health_and_logs(bridge: Bridge) -> None:
    """Ready once it has seen the users; logs have no addresses, audit lines say who did what for which event."""
    assert bridge.ready() == "ok"
    bridge.send("hire", "canary@x.com", id_="msg_1", role="Agent")
    bridge.send("hire", "canary", id_="msg_2")
    (line,) = bridge.trail()
    assert {
        "action": "hr-hire",
        "result": "success",
        "userName": "canary@x.com",
        "webhookId": "msg_1",
        "requestedBy": "cxone-hr-bridge",
    }.items() <= line.items()
    assert line["changes"]["role"] == " → Agent"
    ordinary = [entry for entry in bridge.lines() if entry.get("log") != "audit"]
    assert "canary@" not in json.dumps(ordinary)
    assert [entry["event"] for entry in ordinary] == ["bridge_listening", "event_applied"]


def test_the_api_server_is_away(own_plane: ControlPlane, api_server: Any, tmp_path: Path) -> None:
    """503 with Retry-After, at once and without a crash; the same event goes through when it is back."""
    bridge = Bridge(own_plane.kubeconfig, tmp_path, "default")
    try:
        assert bridge.send("hire", "jane@x.com").status == 202
        api_server.kill()
        answer = bridge.send("terminate", "jane@x.com", id_="msg_9")
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert bridge.ready() == "ok"
        api_server.start()
        eventually(lambda: bridge.send("terminate", "jane@x.com", id_="msg_9").status == 202)
        assert bridge.send("hire", "jane@x.com", occurredAt=days(-1)).body["status"] == "ignored"
    finally:
        bridge.close()
