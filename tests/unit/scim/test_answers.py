"""Whatever comes in: a request ends with a result or with a ScimError, never with anything else."""

from __future__ import annotations

import socket
import time
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import aiohttp
import msgspec
import pytest
from aiohttp import web
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cxone_operator.core.actions import Create, Deactivate, Reclaim, Update
from cxone_operator.core.fence import unfenced
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import Change, Field
from cxone_operator.scim.answers import decode_object, mapped_errors
from cxone_operator.scim.auth import TokenSource
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects import PRESETS
from cxone_operator.scim.dialects.dialect import Deactivation, Dialect, PatchMode
from cxone_operator.scim.errors import MalformedAnswer, ScimError, Unavailable
from cxone_operator.scim.hosts import DiscoveredHosts, FixedHosts, Hosts
from cxone_operator.scim.identity import identities_of, tenant_of
from cxone_operator.scim.refusals import explained, refused_status, said, word
from cxone_operator.scim.remote import Batch, Item
from cxone_operator.scim.transport import Transport
from unit.builders import a_state, account
from unit.scim.conftest import CANARY, CountingBudget, Server, unobserved

NAMES = (
    *("id", "userName", "name", "givenName", "active", "emails", "value", "display", "type", "primary", "roles"),
    *("groups", "members", "displayName", "meta", "version", "schemas", "Resources", "totalResults", "nextCursor"),
    *("Operations", "bulkId", "status", "code", "response", "location", "method", "detail", "details", "errors"),
    *("error", "message", "success", "errorCount", "agentResults", "scimType", "notDeletedUserIds", "total", "used"),
    *("attributes", "mutability", "bulk", "supported", "maxOperations", "patch", "filter", "etag", "access_token"),
    *("expires_in", "id_token", "token_endpoint", "api_endpoint"),
)
WORDS = ("1", "Sales", "jane@example.com", "false", "200", "https://[", "\ud7ff", "-1", "urn:x", "a.b.c")
json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=15,
)
bodies = st.one_of(
    st.dictionaries(st.sampled_from(NAMES), json, max_size=6).map(msgspec.json.encode),
    json.map(msgspec.json.encode),
    st.binary(max_size=60),
    st.sampled_from(
        [b"", b" ", b'{"id": "\xff"}', b'{"id": "\\ud800"}', b"[" * 5000, b'{"id": ' + b"1" * 5000 + b"}", b"\xff\xfe{"]
    ),
)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)

CHANGE = Change(a_state(groups=("Sales",), roles=("Agent",)), (Field.ACTIVE, Field.GROUPS, Field.ROLES))
ITEMS = (
    Item("a", Create(a_state())),
    Item("b", Update(account("1"), CHANGE, takes_seat=False)),
    Item("c", Deactivate(account("2"))),
)


async def everybody(client: ScimClient) -> None:
    async for _ in client.everybody(Lane.UPDATES):
        pass


REQUESTS: dict[str, Callable[[ScimClient], Awaitable[object]]] = {
    "connect": lambda client: client.connect(),
    "probe": lambda client: client.probe(),
    "everybody": everybody,
    "find": lambda client: client.find(("jane@example.com", "john@example.com"), Lane.UPDATES),
    "get": lambda client: client.get("1", Lane.UPDATES),
    "create": lambda client: client.changes.make(ITEMS[0].action, Lane.JOINERS),
    "update": lambda client: client.changes.make(ITEMS[1].action, Lane.UPDATES),
    "delete": lambda client: client.changes.delete("1", Lane.LEAVERS),
    "reclaim": lambda client: client.changes.make(Reclaim(account("1")), Lane.UPDATES),
    "bulk": lambda client: client.send(Batch(ITEMS, shared=True), Lane.UPDATES),
    "lock out": lambda client: client.send(Batch(ITEMS[2:], shared=True), Lane.LEAVERS),
    "poll": lambda client: client.poll("job", Lane.UPDATES),
    "seats": lambda client: client.seats(Lane.UPDATES),
}
DIALECTS: dict[str, Dialect] = {
    name: replace(dialect, token_path="/oauth/token", discovery=False, deactivation=Deactivation.BATCH)
    for name, dialect in PRESETS.items()
} | {"whole users": replace(PRESETS["RFC7644"], token_path="/oauth/token", patch=PatchMode.REPLACE)}


def speaking(dialect: Dialect, hosts: Hosts, session: aiohttp.ClientSession) -> ScimClient:
    tokens = TokenSource(session, hosts, Credentials("id", CANARY), dialect, time.monotonic, unobserved)
    return ScimClient(Transport(session, hosts, tokens, CountingBudget(), unobserved, unfenced), dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(REQUESTS)),
    answers=st.lists(
        st.tuples(st.sampled_from([200, 200, 200, 201, 202, 206, 302, 400, 401, 404, 409, 412, 503]), bodies),
        min_size=1,
        max_size=4,
    ),
    header=texts,
)
@example(name="get", answers=[(200, b'{"id": "\xff"}')], header="")
@example(name="create", answers=[(400, b"\xff")], header="\x7f")
async def test_whatever_a_server_answers(
    server: Server,
    session: aiohttp.ClientSession,
    dialect: str,
    name: str,
    answers: list[tuple[int, bytes]],
    header: str,
) -> None:
    """Each request of each dialect, whatever the answers to it are."""
    told = iter(answers)
    last = answers[-1]

    async def answer(_request: web.Request) -> web.Response:
        status, body = next(told, last)
        headers = {
            name: header.strip("\x7f") for name in ("Location", "Retry-After", "X-Request-Id", "icStatusDescription")
        }
        return web.Response(status=status, body=body, headers=headers)

    server.answers = [answer]
    known = DIALECTS[dialect]
    client = speaking(known, FixedHosts(server.url, known), session)
    with suppress(ScimError):
        await REQUESTS[name](client)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies, status=st.sampled_from([200, 200, 400, 404, 503]))
@example(body=b'{"token_endpoint": "https://["}', status=200)
async def test_whatever_the_known_address_answers(
    server: Server, session: aiohttp.ClientSession, body: bytes, status: int
) -> None:
    """Before there is a token."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    server.answers = [answer]
    hosts = DiscoveredHosts(session, server.url, PRESETS["UserHub"], unobserved)
    for asked in (hosts.token_url(), hosts.api("t")):
        with suppress(ScimError):
            await asked


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.dictionaries(st.sampled_from(NAMES), json, min_size=1, max_size=4), status=st.sampled_from([200, 400, 503])
)
async def test_whatever_the_token_endpoint_answers(
    server: Server, session: aiohttp.ClientSession, body: dict[str, object], status: int
) -> None:
    """And whatever the token says of itself."""
    server.token_body, server.token_status = msgspec.json.decode(msgspec.json.encode(body)), status
    known = DIALECTS["Platform"]
    client = speaking(known, FixedHosts(server.url, known), session)
    with suppress(ScimError):
        await client.connect()
    assert all(client.identities)


@given(bodies)
@example(b"[" * 100_000)
def test_whatever_a_token_holds(payload: bytes) -> None:
    """Its claims may be anything, and nested as deep as they like."""
    token = f"a.{urlsafe_b64encode(payload).decode()}.c"
    assert "id" in identities_of("id", token)
    assert isinstance(tenant_of(token), str)


@given(bodies)
def test_whatever_is_said(raw: bytes) -> None:
    """There is a text, or none."""
    assert said(raw, {"icStatusDescription": " x "})
    assert isinstance(word(raw, "scimType"), str)
    with suppress(MalformedAnswer):
        body = decode_object(raw)
        assert refused_status(body) is None or 200 <= int(refused_status(body) or 0) < 600


def test_what_is_said_far_inside_is_not_looked_for() -> None:
    """An answer can be nested as deep as it likes."""
    deep: dict[str, object] = {"detail": "here"}
    for _ in range(900):
        deep = {"error": deep}
    assert explained(deep) == ""
    assert explained({"error": {"error": {"detail": "here"}}}) == "here"


@pytest.mark.parametrize("raw", [b'{"a": "\xff"}', b"\xff", b"[" * 100_000, b"", b"3", b"[]", b"\xef\xbb\xbf{}"])
def test_what_is_no_object(raw: bytes) -> None:
    """Also bytes that are no text at all."""
    with pytest.raises(MalformedAnswer):
        decode_object(raw)


async def test_nobody_listens() -> None:
    """The address, and what the system says; not how the libraries put it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with aiohttp.ClientSession() as session:
            with pytest.raises(Unavailable) as caught, mapped_errors(write=False):
                await session.get(f"http://127.0.0.1:{port}/")
    assert caught.value.message == f"CXone cannot be reached: 127.0.0.1:{port}: Connection refused"
