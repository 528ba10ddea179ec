"""The HR bridge as a process on the real API server: what an HR system sends, what is stored, what it is told."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlplane.plane import ControlPlane
from cxone_operator.__main__ import main
from cxone_operator.bridge.sender import signed
from support.bridge import SECRET, Bridge, write_secret
from support.kube import Json, Kube
from support.resources import user
from support.waiting import eventually

MINIMAL = b'{"action":"hire","email":"jane@x.com","role":"Agent","group":"Support-Team"}'
OTHER = b"another secret of thirty-two byte"
MakeBridge = Callable[..., Bridge]


@pytest.fixture
def make_bridge(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[MakeBridge]:
    """Makes a bridge of the test's namespace; arguments are its options."""
    made: list[Bridge] = []

    def make(*options: str) -> Bridge:
        name = f"bridge-{len(made)}"
        made.append(Bridge(control_plane.kubeconfig, tmp_path, namespace, *options, name=name))
        return made[-1]

    yield make
    for bridge in made:
        bridge.stop()


@pytest.fixture
def bridge(make_bridge: MakeBridge) -> Bridge:
    """One bridge with one secret."""
    return make_bridge()


@pytest.fixture(scope="module")
def fuzzed(control_plane: ControlPlane, kube: Kube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    """A bridge that gets whatever comes; whoever it hires does not matter."""
    kube.request("POST", "/api/v1/namespaces", {"metadata": {"name": "fuzzed"}}).accepted()
    bridge = Bridge(control_plane.kubeconfig, tmp_path_factory.mktemp("fuzzed"), "fuzzed")
    yield bridge
    bridge.stop()


def users(kube: Kube, namespace: str) -> dict[str, Json]:
    """All CxoneUsers of the namespace by userName."""
    path = f"/apis/cxone.dev/v1alpha1/namespaces/{namespace}/cxoneusers"
    return {item["spec"]["userName"]: item for item in kube.request("GET", path).accepted()["items"]}


def days(number: float) -> str:
    """That many days from now, in a zone of its own."""
    return (datetime.now(UTC) + timedelta(days=number)).isoformat()


def test_the_minimal_body_makes_a_user(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """As the original tutorial has it; names come from the address, and are marked as guesses."""
    answer = bridge.post(MINIMAL, signed(SECRET, "msg_1", MINIMAL, datetime.now(UTC)))
    assert answer.status == 202, answer
    stored = users(kube, namespace)["jane@x.com"]
    assert answer.body == {"status": "accepted", "namespace": namespace, "name": stored["metadata"]["name"]}
    assert stored["spec"]["name"] == {"givenName": "Jane", "familyName": "X"}
    assert (stored["spec"]["role"], stored["spec"]["groups"], stored["spec"]["active"]) == (
        "Agent",
        ["Support-Team"],
        True,
    )
    assert json.loads(stored["metadata"]["annotations"]["cxone.dev/guessed-name"]) == stored["spec"]["name"]
    assert [entry["manager"] for entry in stored["metadata"]["managedFields"]] == ["cxone-hr-bridge"]


def test_a_life(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """Hired for next week, moved, leaving next month, staying after all, gone, back."""
    start, end = days(7), days(30)

    def spec() -> Json:
        return users(kube, namespace)["jane@x.com"]["spec"]

    assert bridge.send("hire", "jane@x.com", effectiveDate=start, firstName="Jane", lastName="Doe").status == 202
    assert datetime.fromisoformat(spec()["activeFrom"]) == datetime.fromisoformat(start)
    assert bridge.send("update", "jane@x.com", role="Agent", groups=["A", "B"], employeeId="7").status == 202
    assert bridge.send("terminate", "jane@x.com", effectiveDate=end).status == 202
    assert datetime.fromisoformat(spec()["activeUntil"]) == datetime.fromisoformat(end)
    assert bridge.send("rehire", "jane@x.com", role="Supervisor").status == 202
    assert not {"activeFrom", "activeUntil"} & spec().keys()
    assert bridge.send("terminate", "Jane@X.com").status == 202
    assert spec()["active"] is False
    assert bridge.send("rehire", "jane@x.com").status == 202
    assert {
        "active": True,
        "role": "Supervisor",
        "groups": ["A", "B"],
        "employeeId": "7",
        "name": {"givenName": "Jane", "familyName": "Doe"},
    }.items() <= spec().items()


def test_terminating_a_stranger_makes_an_inactive_user(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """So that the operator locks out whoever CXone has."""
    assert bridge.send("terminate", "stranger@x.com").status == 202
    assert users(kube, namespace)["stranger@x.com"]["spec"]["active"] is False


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


def test_an_older_event_is_ignored(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """The sender is told so, and nothing changes."""
    assert bridge.send("terminate", "jane@x.com", occurredAt=days(-1)).status == 202
    before = users(kube, namespace)["jane@x.com"]
    answer = bridge.send("hire", "jane@x.com", occurredAt=days(-2))
    assert (answer.status, answer.body["status"]) == (200, "ignored")
    assert "newer event" in answer.body["message"]
    assert users(kube, namespace)["jane@x.com"] == before


def test_two_replicas_at_once_end_in_the_newest_state(make_bridge: MakeBridge, kube: Kube, namespace: str) -> None:
    """Events of new people, sent to both at the same moment in any order: one resource each, the newest counts."""
    replicas = [make_bridge(), make_bridge()]
    people = [f"racer-{number}@x.com" for number in range(12)]
    events = [
        (replicas[(number + turn) % 2], "terminate" if turn == 3 else "update", person, days(-4 + turn), f"R{turn}")
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


def test_a_user_from_git_is_found_by_name_and_not_doubled(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """One that came a moment ago, and from then on in whatever case; HR owns only what it says."""
    kube.apply(user(namespace, "from-git", userName="Jane.Smith@X.com", role="Agent"), "argocd").accepted()
    answer = bridge.send("terminate", "Jane.Smith@X.com")
    assert (answer.status, answer.body["name"]) == (202, "from-git")
    assert bridge.send("update", "JANE.smith@x.com", employeeId="7").body["name"] == "from-git"
    (stored,) = users(kube, namespace).values()
    assert (stored["spec"]["active"], stored["spec"]["employeeId"]) == (False, "7")
    owners = {entry["manager"]: entry["fieldsV1"]["f:spec"] for entry in stored["metadata"]["managedFields"]}
    assert owners["cxone-hr-bridge"].keys() == {"f:active", "f:employeeId"}
    assert "labels" not in stored["metadata"]


def test_a_field_of_somebody_else_is_refused_and_named(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """Nothing of the event is stored; the sender, the metric and the audit trail say who owns the field."""
    kube.apply(user(namespace, "from-git", userName="jane@x.com", role="Agent"), "argocd").accepted()
    before = users(kube, namespace)
    answer = bridge.send("update", "jane@x.com", role="Supervisor", employeeId="7", id_="msg_7")
    assert answer.status == 409
    assert answer.body["conflicts"] == [{"field": "spec.role", "manager": "argocd"}]
    assert "spec.role is owned by the field manager 'argocd'" in answer.body["error"]
    assert users(kube, namespace) == before
    assert bridge.metric('cxone_operator_bridge_events_total{action="update",result="conflict"}') == 1
    (line,) = bridge.audit()
    assert (line["result"], line["webhookId"], line["userName"]) == ("refused", "msg_7", "jane@x.com")
    assert bridge.send("update", "jane@x.com", role="Agent").status == 202


def test_an_end_that_git_declares_is_not_cleared_in_silence(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """Leaving a field out of an apply removes nothing that somebody else owns."""
    ended = user(namespace, "from-git", userName="jane@x.com", activeUntil="2026-01-01T00:00:00Z")
    kube.apply(ended, "argocd").accepted()
    answer = bridge.send("rehire", "jane@x.com")
    assert answer.status == 409
    assert answer.body["conflicts"] == [{"field": "spec.activeUntil", "manager": "argocd"}]


def test_git_and_hr_share_a_user(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """Git applies by force, as Argo CD does, but leaves out what HR says: neither undoes the other's work."""
    in_git = user(namespace, "jane", userName="jane@x.com", role="Agent", groups=["Git-Group"])
    kube.apply(in_git, "argocd-controller", force=True).accepted()
    assert bridge.send("update", "jane@x.com", employeeId="7", group="HR-Group").status == 202
    assert bridge.send("terminate", "jane@x.com").status == 202
    kube.apply({**in_git, "spec": {**in_git["spec"], "role": "Supervisor"}}, "argocd-controller", force=True).accepted()
    spec = users(kube, namespace)["jane@x.com"]["spec"]
    assert (spec["active"], spec["employeeId"], spec["role"]) == (False, "7", "Supervisor")
    assert sorted(spec["groups"]) == ["Git-Group", "HR-Group"]
    assert bridge.send("rehire", "jane@x.com", group="HR-Two").status == 202
    assert sorted(users(kube, namespace)["jane@x.com"]["spec"]["groups"]) == ["Git-Group", "HR-Two"]


def test_another_tenants_namesake_is_left_alone(make_bridge: MakeBridge, kube: Kube, namespace: str) -> None:
    """A userName is one person within one tenant."""
    other = user(namespace, "jane-emea", userName="jane@x.com", tenantRef={"name": "emea"})
    kube.apply(other, "argocd").accepted()
    answer = make_bridge().send("hire", "jane@x.com")
    assert answer.body["name"].startswith("jane-")
    assert answer.body["name"] != "jane-emea"
    answer = make_bridge("--tenant", "emea").send("terminate", "jane@x.com")
    assert answer.body.get("name") == "jane-emea", answer


def test_a_resource_that_goes_is_waited_for(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """An event stored on a resource that is being deleted would be lost with it."""
    name = bridge.send("hire", "jane@x.com").body["name"]
    kube.patch("CxoneUser", namespace, name, {"metadata": {"finalizers": ["cxone.dev/user"]}}).accepted()
    kube.delete("CxoneUser", namespace, name).accepted()
    answer = bridge.send("rehire", "jane@x.com", id_="msg_back")
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    kube.patch("CxoneUser", namespace, name, {"metadata": {"finalizers": None}}).accepted()
    eventually(lambda: bridge.send("rehire", "jane@x.com", id_="msg_back").status == 202)
    assert users(kube, namespace)["jane@x.com"]["metadata"].get("deletionTimestamp") is None


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b'{"action": "fire", "email": "jane@x.com"}', "action"),
        (b'{"action": "hire"}', "email"),
        (b"{", ""),
        (b'{"action": "hire", "email": "jane@x.com", "effectiveDate": "2026-12-01"}', "effectiveDate"),
    ],
)
def test_a_bad_payload_is_named(bridge: Bridge, kube: Kube, namespace: str, data: bytes, field: str) -> None:
    """With status 400, and nothing is stored."""
    answer = bridge.post(data, signed(SECRET, "msg_1", data, datetime.now(UTC)))
    assert (answer.status, answer.body["field"]) == (400, field)
    assert users(kube, namespace) == {}


def test_only_the_signed_get_in(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """No headers, a wrong secret, an old signature: 401 and nothing stored."""
    old = datetime.now(UTC) - timedelta(minutes=6)
    for headers in ({}, signed(OTHER, "msg_1", MINIMAL, datetime.now(UTC)), signed(SECRET, "msg_1", MINIMAL, old)):
        assert bridge.post(MINIMAL, headers).status == 401
    assert users(kube, namespace) == {}
    assert bridge.metric('cxone_operator_bridge_events_total{action="none",result="unauthorized"}') == 3


def test_large_bodies_are_not_read(bridge: Bridge) -> None:
    """Neither one that says its length nor one that does not; what fits exactly is only not signed."""
    assert bridge.post(b"x" * 64_001).status == 413
    assert bridge.post(b"x" * 64_000).status == 401
    with socket.create_connection(("127.0.0.1", bridge.port), timeout=10) as connection:
        head = "POST /webhook/hr-sync HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        assert b" 413 " in connection.recv(1000).partition(b"\r\n")[0]
    assert bridge.metric('cxone_operator_bridge_events_total{action="none",result="too_large"}') == 2


def test_other_paths_and_methods(bridge: Bridge) -> None:
    """Are not there."""
    assert bridge.post(MINIMAL, path="/").status == 404
    assert bridge.post(MINIMAL, path="/metrics").status == 404


def test_a_role_that_the_schema_refuses_is_a_bad_payload(bridge: Bridge, kube: Kube, namespace: str) -> None:
    """What only the API server knows comes back with its words: here the role repeats a secondary one."""
    secondary = user(namespace, "from-git", userName="jane@x.com", secondaryRoles=["Supervisor"])
    kube.apply(secondary, "argocd").accepted()
    answer = bridge.send("update", "jane@x.com", role="Supervisor")
    assert answer.status == 400
    assert "secondaryRoles must not repeat role" in answer.body["error"]


def test_secrets_are_rotated_without_a_restart(make_bridge: MakeBridge, tmp_path: Path) -> None:
    """A second file while both are in use; a replaced file counts within seconds; an unusable one leaves the old."""
    second = write_secret(tmp_path / "second.secret", OTHER)
    bridge = make_bridge("--secret-file", str(second))
    assert {bridge.send("hire", "jane@x.com", key=key).status for key in (SECRET, OTHER)} == {202}
    write_secret(second, SECRET)
    eventually(lambda: bridge.send("update", "jane@x.com", key=OTHER).status == 401)
    second.write_text("spoilt")
    eventually(lambda: "file_not_usable" in bridge.text())
    assert bridge.send("update", "jane@x.com").status == 202


def test_tls(make_bridge: MakeBridge, tmp_path: Path) -> None:
    """HTTPS with a certificate that is replaced while connections come in."""
    certificate, key = _certificate(tmp_path, "old")
    bridge = make_bridge("--tls-cert", str(certificate), "--tls-key", str(key))

    def subject(trusted: Path) -> bool:
        context = ssl.create_default_context(cafile=str(trusted))
        context.check_hostname = False
        try:
            return bridge.post(MINIMAL, tls=context).status == 401
        except ssl.SSLCertVerificationError:
            return False

    old = tmp_path / "old-copy.pem"
    old.write_bytes(certificate.read_bytes())
    assert subject(old)
    new, new_key = _certificate(tmp_path, "new")
    key.write_bytes(new_key.read_bytes())
    certificate.write_bytes(new.read_bytes())
    eventually(lambda: subject(new))
    assert not subject(old)


def _certificate(directory: Path, name: str) -> tuple[Path, Path]:
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate), "-days", "1", "-subj", f"/CN={name}"]
    subprocess.run([*command, *files], check=True, capture_output=True)
    return certificate, key


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
    (line,) = bridge.audit()
    assert {
        "action": "hr-hire",
        "result": "success",
        "userName": "canary@x.com",
        "webhookId": "msg_1",
        "requestedBy": "cxone-hr-bridge",
    }.items() <= line.items()
    assert line["changes"]["role"] == " → Agent"
    ordinary = [entry for entry in bridge.log() if entry.get("log") != "audit"]
    assert "canary@" not in json.dumps(ordinary)
    assert [entry["event"] for entry in ordinary] == ["bridge_listening", "event_applied"]


def test_insecure_says_so(make_bridge: MakeBridge) -> None:
    """Whoever can reach it is believed; the same body twice is one event."""
    bridge = make_bridge("--insecure")
    assert bridge.post(MINIMAL).status == 202
    assert bridge.post(MINIMAL).status == 202
    assert bridge.metric('cxone_operator_bridge_events_total{action="hire",result="duplicate"}') == 1
    assert "insecure" in [entry.get("event") for entry in bridge.log()]


def _command(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bridge", *arguments])


def test_the_command_line(bridge: Bridge, tmp_path: Path) -> None:
    """It refuses to start without a secret, and `send` is a small HR system."""
    secret = str(write_secret(tmp_path / "s"))
    for arguments, words in (
        ((), "--secret-file, or --insecure"),
        (("--insecure", "--secret-file", secret), "not both"),
        (("--insecure", "--tls-cert", secret), "belong together"),
        (("--insecure", "--listen", "8080"), "HOST:PORT"),
    ):
        refused = _command(*arguments)
        assert refused.exit_code == 2, refused.stderr
        assert words in refused.stderr
    (tmp_path / "bad").write_text("bad")
    refused = _command("--secret-file", str(tmp_path / "bad"))
    assert (refused.exit_code, "openssl rand" in refused.stderr) == (1, True)
    url = f"http://127.0.0.1:{bridge.port}"
    sent = _command("send", "hire", "jane@x.com", "--role", "Agent", "--secret-file", secret, "--url", url)
    assert (sent.exit_code, sent.stdout[:4]) == (0, "202 ")
    sent = _command("send", "hire", "jane", "--secret-file", secret, "--url", url)
    assert (sent.exit_code, sent.stdout[:4]) == (1, "400 ")
    away = _command("send", "hire", "jane@x.com", "--url", "http://127.0.0.1:1")
    assert (away.exit_code, "no answer from" in away.stderr) == (1, True)


_HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=80)
_FUZZ = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@_FUZZ
@given(
    data=st.binary(max_size=300),
    headers=st.dictionaries(
        st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "content-type", "content-encoding"]),
        _HEADER,
    ),
    sign=st.booleans(),
)
def test_no_bytes_and_headers_give_a_server_error(
    fuzzed: Bridge, data: bytes, headers: dict[str, str], sign: bool
) -> None:
    """Whatever comes in, signed or not, the answer says what is wrong with it."""
    try:
        good = signed(SECRET, "msg_1", data, datetime.now(UTC)) if sign else {}
    except UnicodeDecodeError:
        good = {}
    answer = fuzzed.post(data, {**headers, **good})
    assert 400 <= answer.status < 500


@_FUZZ
@given(
    action=st.sampled_from(["hire", "update", "terminate", "rehire"]),
    email=st.emails(),
    fields=st.fixed_dictionaries(
        {},
        optional={
            "role": st.text(max_size=130),
            "groups": st.lists(st.text(max_size=20), max_size=4),
            "firstName": st.text(max_size=20),
            "lastName": st.text(max_size=20),
            "employeeId": st.text(max_size=20),
            "effectiveDate": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
            "occurredAt": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
        },
    ),
)
def test_no_event_gives_a_server_error(fuzzed: Bridge, action: str, email: str, fields: dict[str, Any]) -> None:
    """What is well signed and well formed is stored, ignored, or refused with a reason."""
    answer = fuzzed.send(action, email, **fields)
    assert answer.status in (200, 202, 400), answer
    assert answer.body.get("name") or answer.body["error"]


def test_a_trickle_or_a_cut_harms_nobody(fuzzed: Bridge) -> None:
    """Half requests, and what is not HTTP, leave the bridge as it was."""
    for half in (b"", b"POST", b"\x16\x03\x01", b"POST /webhook/hr-sync HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc"):
        with socket.create_connection(("127.0.0.1", fuzzed.port), timeout=10) as connection:
            connection.sendall(half)
    assert fuzzed.send("hire", "after@x.com").status == 202
    assert "Traceback" not in fuzzed.text()


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
        bridge.stop()
