"""From the wire to the failure: one table for everything that CXone and the network can do to us."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from aiohttp import web
from unit.builders import a_state
from unit.scim.conftest import CANARY, Answer, CountingBudget, Server, json_answer

from cxone_operator.api.reasons import Reason
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import Change, Field
from cxone_operator.scim.answers import retry_after
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.errors import ScimError


def scim(status: int, detail: str, scim_type: str = "", **headers: str) -> Answer:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": detail}
    return json_answer(status, {**body, **({"scimType": scim_type} if scim_type else {})}, **headers)


async def drop(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def truncate(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(status=201, headers={"Content-Length": "500"})
    await response.prepare(request)
    await response.write(b'{"id": "1", "userNa')
    assert request.transport is not None
    request.transport.abort()
    return response


def raw(status: int, text: str) -> Answer:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=text, content_type="text/html")

    return answer


async def create(client: ScimClient) -> object:
    return await client.create(a_state(), Lane.JOINERS)


async def patch(client: ScimClient) -> object:
    return await client.patch("1", Change(a_state(active=False), (Field.ACTIVE,)), Lane.LEAVERS)


async def quota(client: ScimClient) -> object:
    return await client.license_quota(Lane.JOINERS)


async def release(client: ScimClient) -> object:
    return await client.release_license("1", Lane.UPDATES)


async def listing(client: ScimClient) -> object:
    return await client.list_users(Lane.BACKGROUND, 1, 100)


R, USER, TENANT = Reason, Scope.USER, Scope.TENANT
SCOPED = {"WWW_Authenticate": 'Bearer error="insufficient_scope", scope="SCIM.ReadWrite"'}

# (what happens, request, reason, retryable, scope, uncertain, code, words of the message)
TABLE = [
    (scim(400, "role 'Agnet' is not in the directory", "invalidValue"), create, R.ROLE_NOT_FOUND, False, USER, False, "400", "Agnet"),
    (scim(400, "group 'X' is not in the directory", "invalidValue"), create, R.GROUP_NOT_FOUND, False, USER, False, "400", "'X'"),
    (scim(400, "emails is required", "invalidValue"), create, R.REMOTE_REJECTED, False, USER, False, "400", "emails"),
    (raw(400, "<html>"), create, R.REMOTE_REJECTED, False, USER, False, "400", "400"),
    (scim(401, "expired"), create, R.AUTHENTICATION_FAILED, False, TENANT, False, "401", "clientSecret"),
    (scim(403, "no", **SCOPED), create, R.PERMISSION_DENIED, False, USER, False, "403", "lacks scope SCIM.ReadWrite"),
    (scim(403, "no"), quota, R.PERMISSION_DENIED, False, USER, False, "403", "lacks scope License.Read;"),
    (scim(403, "no"), release, R.PERMISSION_DENIED, False, USER, False, "403", "lacks scope License.ReadWrite"),
    (scim(403, "no licence available: 5 of 5 seats in use"), create, R.LICENSE_UNAVAILABLE, True, USER, False, "403", "5 of 5"),
    (scim(404, "gone"), patch, R.REMOTE_REJECTED, True, USER, False, "404", "404"),
    (scim(409, "taken", "uniqueness"), create, R.ALREADY_EXISTS, False, USER, False, "409", "taken"),
    (scim(409, "taken"), create, R.ALREADY_EXISTS, False, USER, False, "409", "taken"),
    (scim(409, "busy"), patch, R.REMOTE_REJECTED, True, USER, False, "409", "busy"),
    (scim(412, "changed"), patch, R.REMOTE_REJECTED, True, USER, False, "412", "412"),
    (scim(413, "large", "tooMany"), create, R.REMOTE_REJECTED, True, USER, False, "413", "large"),
    (scim(418, "teapot"), create, R.REMOTE_REJECTED, False, USER, False, "418", "teapot"),
    (scim(429, "slow", Retry_After="7"), create, R.RATE_LIMITED, True, TENANT, False, "429", "slow"),
    (scim(500, "oops"), create, R.REMOTE_UNAVAILABLE, True, USER, True, "500", "oops"),
    (scim(502, ""), patch, R.REMOTE_UNAVAILABLE, True, USER, True, "502", "502"),
    (raw(503, "<html>down"), create, R.REMOTE_UNAVAILABLE, True, USER, True, "503", "503"),
    (scim(504, "", Retry_After="3"), listing, R.REMOTE_UNAVAILABLE, True, USER, False, "504", "504"),
    (drop, create, R.REMOTE_UNAVAILABLE, True, USER, True, "connection", "broke"),
    (drop, listing, R.REMOTE_UNAVAILABLE, True, USER, False, "connection", "broke"),
    (truncate, create, R.REMOTE_UNAVAILABLE, True, USER, True, "connection", "broke"),
    (raw(201, "<html>hello"), create, R.REMOTE_UNAVAILABLE, True, USER, True, "malformed", "not JSON"),
    (json_answer(201, [1]), create, R.REMOTE_UNAVAILABLE, True, USER, True, "malformed", "not a JSON object"),
    (json_answer(201, {"userName": 3}), create, R.REMOTE_UNAVAILABLE, True, USER, True, "malformed", "id"),
    (json_answer(200, {"Resources": 3}), listing, R.REMOTE_UNAVAILABLE, True, USER, False, "malformed", "Resources"),
    (json_answer(200, {"total": "many"}), quota, R.REMOTE_UNAVAILABLE, True, USER, False, "malformed", "total"),
    (raw(302, ""), create, R.REMOTE_REJECTED, False, USER, False, "302", "302"),
]  # fmt: skip


async def failure_of(client: ScimClient, request: object) -> Failure:
    with pytest.raises(ScimError) as caught:
        await request(client)  # type: ignore[operator]
    assert CANARY not in f"{caught.value!r} {caught.value.failure}"
    assert "token-1" not in f"{caught.value!r} {caught.value.failure}"
    return caught.value.failure


@pytest.mark.parametrize("row", TABLE, ids=[f"{row[6]}-{row[1].__name__}-{number}" for number, row in enumerate(TABLE)])
async def test_from_wire_to_failure(server: Server, client: ScimClient, budget: CountingBudget, row: tuple) -> None:
    """Each kind of answer means exactly one next step, and leaves no place in the budget occupied."""
    answer, request, reason, retryable, scope, uncertain, code, words = row
    server.answers = [answer]
    failure = await failure_of(client, request)
    found = (failure.reason, failure.retryable, failure.scope, failure.uncertain, failure.code)
    assert found == (reason, retryable, scope, uncertain, code)
    assert words in failure.message
    assert budget.inside == 0


async def test_nothing_listens(server: Server, client: ScimClient, session: object) -> None:
    """A refused connection concerns the whole tenant, and nothing was sent."""
    await client.authenticate()
    client._transport._base = "http://127.0.0.1:9"  # noqa: SLF001
    failure = await failure_of(client, create)
    assert (failure.reason, failure.scope, failure.uncertain) == (R.REMOTE_UNAVAILABLE, TENANT, False)


async def test_time_out(server: Server, client: ScimClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that does not come in time leaves a write in doubt."""
    import asyncio

    import aiohttp

    async def sleep(_request: web.Request) -> web.Response:
        await asyncio.sleep(2)
        return web.Response()

    server.answers = [sleep]
    monkeypatch.setattr("cxone_operator.scim.transport.TIMEOUT", aiohttp.ClientTimeout(total=0.1))
    failure = await failure_of(client, create)
    assert (failure.code, failure.uncertain) == ("timeout", True)


async def test_throttling_reaches_the_budget(server: Server, client: ScimClient, budget: CountingBudget) -> None:
    """Retry-After goes to the one who decides when to send."""
    server.answers = [scim(429, "", Retry_After="7"), scim(429, "")]
    await failure_of(client, create)
    await failure_of(client, create)
    assert budget.waits == [7.0, None]


NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("", None),
        ("soon", None),
        ("-3", None),
        (format_datetime(datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC), usegmt=True), 30.0),
        (format_datetime(datetime(2026, 11, 23, 11, 0, tzinfo=UTC), usegmt=True), 0.0),
        ("Mon, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """Seconds or an HTTP date; anything else is as if nothing was said."""
    assert retry_after({"Retry-After": value}, NOW) == seconds


async def test_refused_client(server: Server, session: object) -> None:
    """A token endpoint that refuses the client is a matter of the Secret."""
    import time

    from cxone_operator.scim.auth import Credentials, TokenSource

    server.answers = [json_answer(401, {"error": "invalid_client"})]
    tokens = TokenSource(session, f"{server.url}/other", Credentials("a", CANARY), ("x",), time.monotonic)  # type: ignore[arg-type]
    with pytest.raises(ScimError) as caught:
        await tokens.token()
    assert caught.value.failure.reason is R.AUTHENTICATION_FAILED
    assert "invalid_client" in caught.value.message
