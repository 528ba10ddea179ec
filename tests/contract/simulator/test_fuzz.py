"""Whatever is sent, the simulator answers: never with a fault of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.simulator.stage import BULK, NICE_SCHEMA, PATCH_SCHEMA, USER_SCHEMA, USERS, Answer, Stage, stage_of, user
from cxone_simulator.settings import Settings, settings_of

NAMES = st.sampled_from(
    (
        "userName name emails roles groups active displayName externalId phoneNumbers value type primary "
        f"givenName familyName team id meta schemas {NICE_SCHEMA}"
    ).split()
)
ORDERS = st.sampled_from(
    [
        "kind",
        "match",
        "times",
        "after",
        "seconds",
        "status",
        "retryAfter",
        "body",
        "job",
        "set",
        "delete",
        "userName",
        "seats",
        "roles",
        "jobSeconds",
        "maxPageSize",
        "tokenSeconds",
        "clientSecret",
        "method",
        "path",
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["\ud800", "", "Agent", "Support-Team", "jane", "status", "fail", USER_SCHEMA]),
)


def trees(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """JSON of any shape, with keys that mean something here and there."""
    return st.recursive(
        LEAVES,
        lambda part: st.lists(part, max_size=3) | st.dictionaries(keys | st.text(max_size=5), part, max_size=4),
        max_leaves=10,
    )


BODIES = trees(NAMES)
PATHS = st.one_of(
    st.text(max_size=10),
    NAMES,
    st.builds("{}.{}".format, NAMES, NAMES),
    st.builds('{}[{} eq "{}"].{}'.format, NAMES, NAMES, st.text(max_size=3), NAMES),
    st.builds(f"{NICE_SCHEMA}:{{}}".format, NAMES),
)
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace"])}, optional={"path": PATHS | BODIES, "value": BODIES}
)
BULK_OPERATIONS = st.fixed_dictionaries(
    {"method": st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "GET"]) | LEAVES, "bulkId": st.just("b") | LEAVES},
    optional={"path": st.sampled_from(["/Users", "/scim/v2/Users/x", "/Users/%"]) | LEAVES, "data": BODIES},
)
WORDS = st.sampled_from(
    ["userName", "emails", "eq", "ne", "co", "gt", "pr", "and", "or", "not", "(", ")", "[", "]", '"x"', "5", "true"]
)
FILTERS = st.lists(WORDS | st.text(max_size=4), max_size=8).map(" ".join) | st.text(max_size=20)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


class Runner:
    """A tenant in a thread of its own, because hypothesis calls plain functions."""

    def __init__(self, options: Settings) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._context = stage_of(replace(options, requests_per_minute=0, bulk_mode="sync", allow_delete=True))
        self.stage: Stage = self.run(self._context.__aenter__())
        self.id = str(self.run(self.stage.create("fuzzed", roles=[]))["id"])

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def call(self, *arguments: Any, **more: Any) -> Answer:
        answer: Answer = self.run(self.stage.call(*arguments, **more))
        assert answer.status < 500, answer.text
        return answer

    def close(self) -> None:
        self.run(self._context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture(scope="module")
def tenant() -> Iterator[Runner]:
    runner = Runner(Settings())
    yield runner
    runner.close()


@pytest.fixture(
    scope="module",
    params=[
        settings_of("RFC7644", cursor_paging="offered"),
        settings_of("RFC7644", roles_form="ids"),
        settings_of("UserHub"),
    ],
    ids=["standard", "ids", "hub"],
)
def other(request: pytest.FixtureRequest) -> Iterator[Runner]:
    """A tenant of another preset."""
    runner = Runner(request.param)
    yield runner
    runner.close()


@QUICK
@given(body=BODIES, extra=st.dictionaries(NAMES, BODIES, max_size=3))
def test_create_and_put(tenant: Runner, body: Any, extra: dict[str, Any]):
    """Any JSON, and a good user with anything in it."""
    for sent in (body, {**user("x"), **extra}):
        tenant.call("POST", USERS, sent)
        tenant.call("PUT", f"{USERS}/{tenant.id}", sent)


@QUICK
@given(body=BODIES, operations=st.lists(OPERATIONS, min_size=1, max_size=3))
def test_patch(tenant: Runner, body: Any, operations: list[Any]):
    """Any JSON, and a PatchOp with anything in it."""
    tenant.call("PATCH", f"{USERS}/{tenant.id}", body)
    tenant.call("PATCH", f"{USERS}/{tenant.id}", {"Operations": operations})
    assert tenant.call("GET", f"{USERS}/{tenant.id}").body["userName"]


@QUICK
@given(body=BODIES, extra=st.dictionaries(NAMES, BODIES, max_size=3), operations=st.lists(OPERATIONS, max_size=3))
def test_other_surfaces(other: Runner, body: Any, extra: dict[str, Any], operations: list[Any]):
    """Any JSON for everything that a surface takes, and a good user and PatchOp with anything in them."""
    path = f"{USERS}/{other.id}"
    for sent in (body, {**user("x"), **extra}, {**user("x"), "id": other.id, **extra}):
        other.call("POST", USERS, sent)
        other.call("PUT", path, sent)
    for schemas in ([PATCH_SCHEMA], body):
        other.call("PATCH", path, {"schemas": schemas, "Operations": operations})
    for name in ("roles/search", "teams/search", "users/deactivate"):
        version = "/user-management/v4/" if name == "teams/search" else "/user-management/v1/"
        other.call("POST", f"/authorization/v1/{name}" if name == "roles/search" else version + name, body)
    other.call("POST", f"{USERS}/.search", {"filter": "userName pr", "cursor": body, "count": 1, **extra})
    other.call("POST", "/authentication/v1/token/access-key", body)
    assert other.call("GET", path).body["userName"]


@QUICK
@given(body=BODIES, operations=st.lists(BULK_OPERATIONS, min_size=1, max_size=3))
def test_bulk(tenant: Runner, body: Any, operations: list[Any]):
    """Any JSON, and a BulkRequest with anything in it."""
    tenant.call("POST", BULK, body)
    tenant.call("POST", BULK, {"Operations": operations})


@QUICK
@given(text=FILTERS, start=LEAVES, count=LEAVES, attributes=LEAVES | st.lists(LEAVES, max_size=2))
def test_search(tenant: Runner, text: str, start: Any, count: Any, attributes: Any):
    """Any filter, by GET and by POST, with anything for the page and the attributes."""
    tenant.call("GET", USERS, params={"filter": text.encode(errors="replace").decode()})
    body = {"filter": text, "startIndex": start, "count": count, "attributes": attributes}
    tenant.call("POST", f"{USERS}/.search", body)
    tenant.call("POST", "/scim/v2/.search", {"excludedAttributes": attributes, "filter": start})


@QUICK
@given(body=trees(ORDERS), kind=st.sampled_from(["status", "latency", "garbage"]))
def test_control(tenant: Runner, body: Any, kind: str):
    """Any order to the control endpoint; it is taken back before it can strike."""
    order = {"kind": kind, **body} if isinstance(body, dict) else body
    for method, path, sent in (
        ("POST", "faults", body),
        ("POST", "faults", order),
        ("POST", "outside", body),
        ("POST", "outside", {"userName": "outsider", "set": body}),
    ):
        tenant.call(method, f"/_simulator/{path}", sent)
    tenant.call("DELETE", "/_simulator/faults")
    assert tenant.call("GET", USERS).status == 200


@QUICK
@given(wanted=st.dictionaries(ORDERS, LEAVES | st.lists(LEAVES, max_size=2), max_size=3))
def test_settings(tenant: Runner, wanted: dict[str, Any]):
    """Any value of any setting, and a token is given out under it."""
    wanted.pop("latencySeconds", None)
    tenant.call("PATCH", "/_simulator/settings", wanted)
    tenant.call("POST", "/oauth/token", headers={"Authorization": "Basic eDp5"}, data={"scope": "x"})
    tenant.run(tenant.stage.log_in())
    defaults = {
        "seats": 10**6,
        "roles": ["Agent"],
        "tokenSeconds": 3600,
        "maxPageSize": 10,
        "clientSecret": "demo-secret",
    }
    tenant.call("PATCH", "/_simulator/settings", defaults)


@QUICK
@given(
    data=st.binary(max_size=40),
    kind=st.sampled_from(["application/json", "text/x; charset=nope", "multipart/form-data"]),
)
def test_bytes(tenant: Runner, data: bytes, kind: str):
    """Bodies that are no JSON at all, under any type."""
    for path in (USERS, BULK, f"{USERS}/.search", "/_simulator/outside", "/oauth/token"):
        tenant.call("POST", path, data=data, headers={"Content-Type": kind})


@pytest.mark.parametrize("depth", [50, 300, 800, 3000])
def test_towers(tenant: Runner, depth: int):
    """Brackets upon brackets are a bad request, wherever they are."""
    tower = "[" * depth + "]" * depth
    for method, path, text in (
        ("POST", USERS, '{"emails": %s}'),
        ("PATCH", f"{USERS}/{tenant.id}", '{"Operations": [{"op": "add", "path": "emails", "value": [%s, %s]}]}'),
        ("POST", BULK, '{"Operations": [{"method": "POST", "bulkId": "b", "path": "/Users", "data": {"x": %s}}]}'),
        ("POST", "/_simulator/outside", '{"userName": "x", "set": {"emails": %s}}'),
    ):
        assert tenant.call(method, path, data=text.replace("%s", tower)).status == 400
