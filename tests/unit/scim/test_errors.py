"""From the wire to the failure: one table for everything that CXone and the network can do to us."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import pytest
from aiohttp import web

from cxone_operator.api.reasons import Reason
from cxone_operator.core.actions import Delete
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import Change, Field
from cxone_operator.scim.answers import as_utf8, mapped_errors, retry_after
from cxone_operator.scim.auth import TokenSource
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects.platform import PLATFORM
from cxone_operator.scim.errors import BadRequest, CircuitOpen, ScimError, Unavailable, error_for
from cxone_operator.scim.hosts import FixedHosts
from cxone_operator.scim.remote import Batch, Item
from unit.builders import a_remote, a_state, account
from unit.scim.conftest import CANARY, Answer, CountingBudget, Server, json_answer, unobserved


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
    return await client.changes.create(a_state(), Lane.JOINERS)


async def patch(client: ScimClient) -> object:
    return await client.changes.patch(account("1"), Change(a_state(active=False), (Field.ACTIVE,)), Lane.LEAVERS)


async def quota(client: ScimClient) -> object:
    return await client.seats(Lane.JOINERS)


async def release(client: ScimClient) -> object:
    return await client.changes.release_license("1", Lane.UPDATES)


async def look_up(client: ScimClient) -> object:
    return await client.find(("jane@example.com",), Lane.UPDATES)


async def submit(client: ScimClient) -> object:
    return await client.send(Batch((Item("a", Delete(a_remote())),), shared=True), Lane.UPDATES)


async def delete(client: ScimClient) -> object:
    return await client.changes.delete("1", Lane.LEAVERS)


async def poll(client: ScimClient) -> object:
    return await client.poll("job-1", Lane.UPDATES)


async def probe(client: ScimClient) -> object:
    return await client.probe()


async def listing(client: ScimClient) -> object:
    return await client.probe()


def said(status: object, detail: str) -> Answer:
    """A SCIM Error in a 200."""
    schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"]
    return json_answer(200, {"schemas": schemas, "detail": detail, **({} if status is None else {"status": status})})


R, USER, TENANT = Reason, Scope.USER, Scope.TENANT
SCOPED = {"WWW_Authenticate": 'Bearer error="insufficient_scope", scope="SCIM.ReadWrite"'}

# What a failure means for the next step: (retryable, scope, uncertain)
PERMANENT = (False, USER, False)
PASSES = (True, USER, False)
IN_DOUBT = (True, USER, True)
ALL_STALL = (False, TENANT, False)
ALL_WAIT = (True, TENANT, False)

# (what happens, request, reason, next step, code, words of the message)
TABLE = [
    (scim(400, "role 'Agnet' is unknown", "invalidValue"), create, R.ROLE_NOT_FOUND, PERMANENT, "400", "Agnet"),
    (scim(400, "group 'X' not found", "invalidValue"), create, R.GROUP_NOT_FOUND, PERMANENT, "400", "'X'"),
    (scim(400, "emails is required", "invalidValue"), create, R.INVALID_SPEC, PERMANENT, "400", "emails"),
    (raw(400, "<html>"), create, R.REMOTE_REJECTED, PERMANENT, "400", "400"),
    (scim(401, "expired"), create, R.AUTHENTICATION_FAILED, ALL_STALL, "401", "clientSecret"),
    (scim(403, "no", **SCOPED), create, R.PERMISSION_DENIED, PERMANENT, "403", "lacks scope SCIM.ReadWrite"),
    (scim(403, "no"), quota, R.PERMISSION_DENIED, PERMANENT, "403", "lacks scope License.Read;"),
    (scim(403, "no"), release, R.PERMISSION_DENIED, PERMANENT, "403", "lacks scope License.ReadWrite"),
    (scim(403, "no licence available: 5 of 5 seats in use"), create, R.LICENSE_UNAVAILABLE, PASSES, "403", "5 of 5"),
    (scim(403, "the token lacks scope License.ReadWrite"), release, R.PERMISSION_DENIED, PERMANENT, "403", "lacks"),
    (scim(403, "no seat", **SCOPED), release, R.PERMISSION_DENIED, PERMANENT, "403", "SCIM.ReadWrite"),
    (scim(400, "no license left"), patch, R.LICENSE_UNAVAILABLE, PASSES, "400", "no license left"),
    (scim(402, "quota used up"), create, R.LICENSE_UNAVAILABLE, PASSES, "402", "quota"),
    (scim(409, "no seats"), create, R.LICENSE_UNAVAILABLE, PASSES, "409", "no seats"),
    (scim(400, "role 'License A' is unknown", "invalidValue"), create, R.ROLE_NOT_FOUND, PERMANENT, "400", "License A"),
    (scim(409, "userName quota@x is taken", "uniqueness"), create, R.ALREADY_EXISTS, PERMANENT, "409", "taken"),
    (scim(409, "another job is running"), submit, R.REMOTE_REJECTED, PASSES, "409", "job"),
    (scim(404, "gone"), patch, R.REMOTE_REJECTED, PASSES, "404", "404"),
    (scim(409, "taken", "uniqueness"), create, R.ALREADY_EXISTS, PERMANENT, "409", "taken"),
    (scim(409, "taken"), create, R.ALREADY_EXISTS, PERMANENT, "409", "taken"),
    (scim(409, "busy"), patch, R.REMOTE_REJECTED, PASSES, "409", "busy"),
    (scim(412, "changed"), patch, R.REMOTE_REJECTED, PASSES, "412", "412"),
    (scim(413, "large", "tooMany"), create, R.REMOTE_REJECTED, PASSES, "413", "large"),
    (scim(400, "bad body", "invalidSyntax"), create, R.REMOTE_REJECTED, PERMANENT, "400", "bad body"),
    (scim(400, "userName is fixed", "mutability"), patch, R.INVALID_SPEC, PERMANENT, "400", "fixed"),
    (scim(418, "teapot"), create, R.REMOTE_REJECTED, PERMANENT, "418", "teapot"),
    (scim(405, "not for users"), delete, R.UNSUPPORTED, PERMANENT, "405", "not for users"),
    (scim(501, "no such thing"), delete, R.UNSUPPORTED, PERMANENT, "501", "no such thing"),
    (scim(501, "no bulk here"), submit, R.UNSUPPORTED, PERMANENT, "501", "no bulk"),
    (scim(405, ""), patch, R.UNSUPPORTED, PERMANENT, "405", "405"),
    (scim(500, "oops"), poll, R.REMOTE_UNAVAILABLE, PASSES, "500", "oops"),
    (scim(503, "down"), probe, R.REMOTE_UNAVAILABLE, PASSES, "503", "down"),
    (scim(400, "'userName' is not unique", "invalidValue"), create, R.ALREADY_EXISTS, PERMANENT, "400", "is not"),
    (scim(422, "Email has already been taken", "uniqueness"), create, R.ALREADY_EXISTS, PERMANENT, "422", "taken"),
    (scim(400, "value of 'userName' is not unique", "invalidValue"), patch, R.ALREADY_EXISTS, PERMANENT, "400", "not"),
    (scim(400, "value of 'emails' is not unique", "invalidValue"), patch, R.INVALID_SPEC, PERMANENT, "400", "unique"),
    (scim(400, "role 'taken' is a duplicate", "invalidValue"), create, R.INVALID_SPEC, PERMANENT, "400", "duplicate"),
    (scim(403, "You have exceeded a secondary rate limit"), create, R.RATE_LIMITED, ALL_WAIT, "403", "secondary"),
    (scim(400, "ThrottlingException: Rate exceeded"), listing, R.RATE_LIMITED, ALL_WAIT, "400", "exceeded"),
    (scim(403, "the token lacks scope RateLimit.Read"), quota, R.PERMISSION_DENIED, PERMANENT, "403", "RateLimit.Read"),
    (scim(429, "slow", Retry_After="7"), create, R.RATE_LIMITED, ALL_WAIT, "429", "slow"),
    (scim(500, "oops"), create, R.REMOTE_UNAVAILABLE, IN_DOUBT, "500", "oops"),
    (scim(502, ""), patch, R.REMOTE_UNAVAILABLE, IN_DOUBT, "502", "502"),
    (raw(503, "<html>down"), create, R.REMOTE_UNAVAILABLE, IN_DOUBT, "503", "503"),
    (scim(504, "", Retry_After="3"), listing, R.REMOTE_UNAVAILABLE, PASSES, "504", "504"),
    (drop, create, R.REMOTE_UNAVAILABLE, IN_DOUBT, "connection", "broke"),
    (drop, listing, R.REMOTE_UNAVAILABLE, PASSES, "connection", "broke"),
    (truncate, create, R.REMOTE_UNAVAILABLE, IN_DOUBT, "malformed", "cut off"),
    (truncate, listing, R.REMOTE_UNAVAILABLE, PASSES, "malformed", "cut off"),
    (raw(201, "<html>hello"), create, R.REMOTE_UNAVAILABLE, IN_DOUBT, "malformed", "not JSON"),
    (json_answer(201, [1]), create, R.REMOTE_UNAVAILABLE, IN_DOUBT, "malformed", "not a JSON object"),
    (json_answer(201, {"userName": 3}), create, R.REMOTE_UNAVAILABLE, IN_DOUBT, "malformed", "id"),
    (json_answer(200, {"Resources": 3}), listing, R.REMOTE_UNAVAILABLE, PASSES, "malformed", "Resources"),
    (json_answer(200, {"total": "many"}), quota, R.REMOTE_UNAVAILABLE, PASSES, "malformed", "total"),
    (json_answer(200, {}), listing, R.REMOTE_UNAVAILABLE, PASSES, "malformed", "Resources"),
    (json_answer(200, {"message": "ok"}), look_up, R.REMOTE_UNAVAILABLE, PASSES, "malformed", "Resources"),
    (json_answer(200, {"total": True, "used": 1}), quota, R.REMOTE_UNAVAILABLE, PASSES, "malformed", "total"),
    (json_answer(202, {}), submit, R.REMOTE_UNAVAILABLE, IN_DOUBT, "malformed", "without naming"),
    (raw(302, ""), create, R.REMOTE_UNAVAILABLE, ALL_WAIT, "302", "baseURL"),
    (raw(200, "<html>"), patch, R.REMOTE_UNAVAILABLE, IN_DOUBT, "malformed", "not JSON"),
    (raw(200, "<html>"), delete, R.REMOTE_UNAVAILABLE, IN_DOUBT, "malformed", "not JSON"),
    (raw(200, "<html>"), probe, R.REMOTE_UNAVAILABLE, PASSES, "malformed", "not JSON"),
    (said(503, "later"), patch, R.REMOTE_UNAVAILABLE, IN_DOUBT, "503", "later"),
    (said("403", "no"), delete, R.PERMISSION_DENIED, PERMANENT, "403", "SCIM.ReadWrite"),
    (said(None, "what"), patch, R.REMOTE_REJECTED, PASSES, "200", "did nothing: what"),
    (json_answer(200, {"success": False, "detail": "no"}), patch, R.REMOTE_REJECTED, PASSES, "200", "nothing: no"),
    (json_answer(200, {"Success": False}), release, R.REMOTE_REJECTED, PASSES, "200", "did nothing"),
    (json_answer(200, {"total": -1.5, "used": "x"}), listing, R.REMOTE_UNAVAILABLE, PASSES, "malformed", "Resources"),
    (json_answer(200, {"used": 1}), quota, R.REMOTE_UNAVAILABLE, PASSES, "malformed", "total"),
]  # fmt: skip


async def failure_of(client: ScimClient, request: object) -> Failure:
    with pytest.raises(ScimError) as caught:
        await request(client)  # type: ignore[operator]
    assert CANARY not in f"{caught.value!r} {caught.value.failure}"
    assert "token-1" not in f"{caught.value!r} {caught.value.failure}"
    return caught.value.failure


@pytest.mark.parametrize("row", TABLE, ids=[f"{row[4]}-{row[1].__name__}-{number}" for number, row in enumerate(TABLE)])
async def test_from_wire_to_failure(server: Server, client: ScimClient, budget: CountingBudget, row: tuple) -> None:
    """Each kind of answer means exactly one next step, and leaves no place in the budget occupied."""
    answer, request, reason, step, code, words = row
    server.answers = [answer]
    failure = await failure_of(client, request)
    assert (failure.reason, failure.code) == (reason, code)
    assert (failure.retryable, failure.scope, failure.uncertain) == step
    assert words in failure.message
    assert budget.inside == 0


@pytest.mark.parametrize(
    ("answer", "request_", "news"),
    [
        (scim(404, ""), patch, True),
        (scim(409, "taken", "uniqueness"), create, True),
        (scim(409, "busy"), patch, True),
        (scim(412, ""), patch, True),
        (scim(405, ""), delete, True),
        (scim(501, ""), submit, True),
        (scim(400, "role 'Agnet' is unknown"), create, False),
        (scim(403, "no"), patch, False),
        (scim(403, "no seats"), create, False),
        (scim(413, ""), submit, False),
        (scim(429, ""), create, False),
        (scim(500, ""), create, False),
    ],
)
async def test_news(server: Server, client: ScimClient, answer: Answer, request_: object, news: bool) -> None:
    """CXone is not as we thought, so it is looked at again before anything else is tried."""
    server.answers = [answer]
    assert (await failure_of(client, request_)).news is news


def test_only_an_open_circuit_tries_nothing() -> None:
    """Everything else is an attempt, and has its line in the audit trail."""
    assert not CircuitOpen("not sent").failure.tried
    assert Unavailable("not reached").failure.tried


async def test_nothing_listens(server: Server, client: ScimClient, session: object) -> None:
    """A refused connection concerns the whole tenant, and nothing was sent."""
    await client.connect()
    client._transport._hosts = FixedHosts("http://127.0.0.1:9", PLATFORM)
    failure = await failure_of(client, create)
    assert (failure.reason, failure.scope, failure.uncertain) == (R.REMOTE_UNAVAILABLE, TENANT, False)


async def test_time_out(server: Server, client: ScimClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that does not come in time leaves a write in doubt."""

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


@pytest.mark.parametrize("status", [429, 503])
async def test_failures_say_how_long_to_wait(server: Server, client: ScimClient, status: int) -> None:
    """Retry-After as a date, whichever status it comes with."""
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    server.answers = [scim(status, "", Retry_After=later)]
    wait = (await failure_of(client, create)).retry_after
    assert wait is not None
    assert 30 < wait <= 40


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        (b'\xef\xbb\xbf{"a": 1}', "utf-8", '{"a": 1}'),
        ("Jörg".encode("iso-8859-1"), "iso-8859-1", "Jörg"),
        ("Jörg".encode(), "iso-8859-1", "Jörg"),
        ("Jörg".encode("utf-16"), "utf-16", "Jörg"),
        ("Jörg".encode(), None, "Jörg"),
    ],
)
def test_in_whatever_letters(raw: bytes, charset: str | None, text: str) -> None:
    """Those of the header; but what is UTF-8 is that, whatever the header says."""
    assert as_utf8(raw, charset).decode() == text


@pytest.mark.parametrize("charset", [None, "utf-8", "no-such-code"])
def test_in_no_letters(charset: str | None) -> None:
    """Bytes that mean nothing stay as they are; whoever decodes them says so."""
    assert as_utf8(b"J\xf6rg", charset) == b"J\xf6rg"


def test_a_connection_that_is_not_made_in_time() -> None:
    """Nothing was sent, so nothing can have been carried out."""
    with pytest.raises(Unavailable) as caught, mapped_errors(write=True):
        raise aiohttp.ConnectionTimeoutError("http://x")
    assert (caught.value.failure.code, caught.value.failure.uncertain) == ("timeout", False)


async def test_a_base_url_that_is_none(server: Server, client: ScimClient, budget: CountingBudget) -> None:
    """Is reported without the address, which may hold a password and names of users."""
    await client.connect()
    client._transport._hosts = FixedHosts(f"ftp://me:{CANARY}@example.com", PLATFORM)
    failure = await failure_of(client, create)
    assert (failure.reason, failure.scope) == (R.REMOTE_UNAVAILABLE, TENANT)


async def test_an_answer_without_end(server: Server, client: ScimClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is not read to its end."""
    monkeypatch.setattr("cxone_operator.scim.answers._LARGEST_BYTES", 1000)
    server.answers = [raw(200, "x" * 1001)]
    assert "too large" in (await failure_of(client, listing)).message


async def test_what_a_server_repeats_is_not_passed_on(server: Server, client: ScimClient) -> None:
    """A detail that quotes the token loses it, its line breaks and whatever is beyond 500 characters."""
    server.answers = [scim(418, "token-1\r\n\x1b[31m" + "x" * 600)]
    message = (await failure_of(client, create)).message
    assert message.isprintable()
    assert len(message) == 500
    server.answers = [scim(418, "who sent Basic Y2FuYXJ5OjM= and another token")]
    assert "who sent Basic [redacted] and" in (await failure_of(client, create)).message


@pytest.mark.parametrize(
    ("detail", "reason", "value"),
    [
        ("role 'Agnet' is not in the directory", R.ROLE_NOT_FOUND, "Agnet"),
        ('Unknown group "Role Models"', R.GROUP_NOT_FOUND, "Role Models"),
        ("can't find role 'Chef d'equipe'", R.ROLE_NOT_FOUND, "Chef d'equipe"),
        ("roles[0]: 'Agnet' is invalid", R.ROLE_NOT_FOUND, "Agnet"),
        ("Role Agnet does not exist", R.ROLE_NOT_FOUND, None),
        ("role is required", R.INVALID_SPEC, None),
        ("timezone 'Mars' is not known", R.INVALID_SPEC, "Mars"),
    ],
)
def test_what_a_bad_request_blames(detail: str, reason: Reason, value: str | None) -> None:
    """The kind of name that is missing, and the name."""
    error = error_for(400, detail, method="POST", scim_type="invalidValue")
    assert isinstance(error, BadRequest)
    assert (error.failure.reason, error.rejected_value) == (reason, value)


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
        ("9" * 400, 3600.0),
        (format_datetime(datetime(9999, 1, 1, tzinfo=UTC), usegmt=True), 3600.0),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """Seconds or an HTTP date; anything else is as if nothing was said."""
    assert retry_after({"Retry-After": value}, NOW) == seconds


async def test_refused_client(server: Server, session: object) -> None:
    """A token endpoint that refuses the client is a matter of the Secret."""
    server.answers = [json_answer(401, {"error": "invalid_client", "error_description": f"{CANARY} is wrong"})]
    known = Credentials("a", CANARY)
    hosts = FixedHosts(f"{server.url}/other", PLATFORM)
    tokens = TokenSource(session, hosts, known, PLATFORM, time.monotonic, unobserved)  # type: ignore[arg-type]
    with pytest.raises(ScimError) as caught:
        await tokens.authorization()
    assert caught.value.failure.reason is R.AUTHENTICATION_FAILED
    assert "correct clientId and clientSecret" in caught.value.message
    assert CANARY not in caught.value.message
