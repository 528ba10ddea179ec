"""Submissions: many users in one request, and each of them gets what became of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from cxone_operator.api.reasons import Reason
from cxone_operator.core.actions import Create, Deactivate, Delete, Update
from cxone_operator.core.failure import Failure
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import Change, Field, RemoteUser
from cxone_operator.scim.dialects.dialect import Dialect
from cxone_operator.scim.dialects.platform import PLATFORM
from cxone_operator.scim.dialects.rfc7644 import RFC7644
from cxone_operator.scim.dialects.userhub import USER_HUB
from cxone_operator.scim.errors import Contradicted, ScimError, ServerError
from cxone_operator.scim.groups import Groups, OnUsers
from cxone_operator.scim.names import ById, Plain
from cxone_operator.scim.remote import Answered, Batch, Item, Pending, Result, Settled
from cxone_operator.scim.submission import Submission
from cxone_operator.scim.transport import Transport
from unit.builders import a_remote, a_state, account
from unit.scim.conftest import Answer, Server, json_answer
from unit.scim.model import GroupServer


def created(uid: str, **state: Any) -> Item:
    return Item(uid, Create(a_state(uid, **{"roles": None, "groups": None, **state})))


def updated(uid: str, *fields: Field, was: dict[str, Any] | None = None, **state: Any) -> Item:
    return Item(
        uid, Update(RemoteUser(uid, a_state(**(was or {}))), Change(a_state(**state), fields), takes_seat=False)
    )


def deactivated(user_id: str) -> Item:
    return Item(f"uid-{user_id}", Deactivate(account(user_id)))


def done(uid: str | None, status: object = "200", **more: Any) -> dict[str, Any]:
    """What became of one operation."""
    return {**({} if uid is None else {"bulkId": uid}), "status": status, **more}


def answered(*operations: dict[str, Any]) -> Answer:
    return json_answer(200, {"Operations": list(operations)}, X_Request_Id="r-1")


def plainly(transport: Transport, dialect: Dialect = PLATFORM) -> Submission:
    return Submission(transport, dialect, OnUsers(), Plain())


async def send(submission: Submission, *items: Item) -> dict[str, Result]:
    receipt = await submission.send(Batch(items, shared=True), Lane.UPDATES)
    assert isinstance(receipt, Settled)
    return dict(receipt.results)


def operations(server: Server) -> list[str]:
    """The bulkIds of what was sent."""
    bodies = [body for _, path, body in server.requests if path.endswith("/Bulk")]
    return [item["bulkId"] for body in bodies for item in body["Operations"]]  # type: ignore[index]


def reasons(results: dict[str, Result]) -> dict[str, Reason | None]:
    return {uid: result.reason if isinstance(result, Failure) else None for uid, result in results.items()}


# Refused before anything is sent.


async def apart(server: Server, transport: Transport, model: GroupServer, bulk: Answer) -> Submission:
    """A server whose groups say who is in them."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (model if request.path.startswith("/scim/v2/Groups") else bulk)(request)

    server.answers = [answer]
    groups = Groups(transport, RFC7644, versions=False)
    await groups.read(Lane.UPDATES)
    server.requests.clear()
    return Submission(transport, RFC7644, groups, Plain())


async def test_who_wants_a_group_that_is_not_there_is_not_sent(server: Server, transport: Transport) -> None:
    """And the others are; what the group is called is looked for once for all of them."""
    model = GroupServer({"sales": set()}, frozenset({"id-a"}))
    ok = done("a", "201", method="POST", location="/scim/v2/Users/id-a")
    submission = await apart(server, transport, model, answered(ok))
    results = await send(
        submission, created("a", groups=("Sales",)), created("b", groups=("Sael",)), created("c", groups=("Sael",))
    )
    assert operations(server) == ["a"]
    assert reasons(results) == {"a": None, "b": Reason.GROUP_NOT_FOUND, "c": Reason.GROUP_NOT_FOUND}
    assert model.asked["GET"] == 2


async def test_who_wants_a_role_that_is_not_there_is_not_sent(server: Server, transport: Transport) -> None:
    """Where roles are ids, the id goes out, and nothing of whoever has none."""
    role = json_answer(200, {"roles": [{"id": "7", "name": "Agent"}]})
    server.answers = [role, role, role, role, answered(done("a", "201"), done("c"))]
    submission = Submission(transport, USER_HUB, OnUsers(), ById(transport, USER_HUB))
    items = (created("a", roles=("agent",)), created("b", roles=("Agnet",)), updated("c", Field.ACTIVE, roles=("No",)))
    results = await send(submission, *items)
    assert reasons(results) == {"a": None, "b": Reason.ROLE_NOT_FOUND, "c": None}
    sent: Any = server.requests[-1][2]
    assert [item["data"].get("roles") for item in sent["Operations"]] == [[{"value": "7"}], None]


async def test_nobody_is_left_to_send(server: Server, transport: Transport) -> None:
    """An empty bulk request is none."""
    submission = await apart(server, transport, GroupServer({}), answered())
    assert reasons(await send(submission, created("a", groups=("X",)))) == {"a": Reason.GROUP_NOT_FOUND}
    assert operations(server) == []


async def test_a_directory_that_cannot_be_read_refuses_nobody(server: Server, transport: Transport) -> None:
    """The whole submission fails, and is tried again."""
    submission = await apart(server, transport, GroupServer({}), answered())
    server.answers = [json_answer(503, {})]
    with pytest.raises(ServerError):
        await send(submission, created("a"), created("b", groups=("X",)))
    assert operations(server) == []


# Groups after.


async def test_groups_come_after_the_users(server: Server, transport: Transport) -> None:
    """All of one group together; who was not made is in none, and who only moves is not in the bulk request."""
    model = GroupServer({"sales": {"m"}, "support": set()}, frozenset({"id-a", "id-b", "m", "n"}))
    bulk = answered(
        done("a", "201", method="POST", location="/scim/v2/Users/id-a"),
        done("b", "201", method="POST", response={"id": "id-b"}),
        done("c", "400", method="POST", response={"detail": "no"}),
        done("n", "500"),
    )
    submission = await apart(server, transport, model, bulk)
    results = await send(
        submission,
        *(created(uid, groups=("Sales",)) for uid in "abc"),
        updated("m", Field.GROUPS, was={"groups": ("Sales",)}, groups=("Support",)),
        updated("n", Field.ACTIVE, Field.GROUPS, was={"groups": ()}, groups=("Sales",)),
        updated("gone", Field.ACTIVE, Field.GROUPS, was={"groups": ()}, groups=("Sales",)),
    )
    assert operations(server) == ["a", "b", "c", "n", "gone"]
    assert model.groups == {"sales": {"id-a", "id-b"}, "support": {"m"}}
    assert (model.asked["PATCH sales"], model.asked["PATCH support"]) == (1, 1)
    assert results["a"] == results["b"] == Answered(request_id="r-1"), "the request that made them has a name"
    assert results["m"] == Answered()
    assert reasons(results) == {
        "a": None,
        "b": None,
        "m": None,
        "c": Reason.REMOTE_REJECTED,
        "n": Reason.REMOTE_UNAVAILABLE,
    }


async def test_a_group_that_refuses(server: Server, transport: Transport) -> None:
    """Whoever was made is made, and the next step tells; whoever was to move is told."""
    model = GroupServer({"sales": set()}, statuses={"PATCH": 500})
    bulk = answered(done("a", "201", location="/scim/v2/Users/id-a"), done("m"))
    submission = await apart(server, transport, model, bulk)
    mover = updated("m", Field.ACTIVE, Field.GROUPS, was={"groups": ()}, groups=("Sales",))
    results = await send(submission, created("a", groups=("Sales",)), mover)
    assert reasons(results) == {"a": None, "m": Reason.REMOTE_UNAVAILABLE}


async def test_groups_on_the_user_are_sent_with_the_user(server: Server, transport: Transport) -> None:
    """There is nothing to do after."""
    server.answers = [answered(done("m"))]
    await send(plainly(transport), updated("m", Field.GROUPS, groups=("Sales",)))
    assert len(server.requests) == 1


# What an answer is taken for.


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (done("m"), {"m": None}),
        (done("m", 204), {"m": None}),
        (done("m", {"code": "200"}), {"m": None}),
        ({"BulkId": "m", "Status": "200"}, {"m": None}),
        (done(None, location="https://x/scim/v2/Users/m"), {"m": None}),
        (done("", location="https://x/scim/v2/Users/m"), {"m": None}),
        (done(7, location="https://x/scim/v2/Users/m"), {"m": None}),  # type: ignore[arg-type]
        (done(None, "404", location="/Users/m", response={"detail": "x"}), {"m": Reason.REMOTE_REJECTED}),
        (done("m", "409", response={"detail": "busy"}), {"m": Reason.REMOTE_REJECTED}),
        (done("m", "403", response={"Details": "no seats"}), {"m": Reason.LICENSE_UNAVAILABLE}),
        (done("m", "400", response={"code": "1", "details": "role 'X' not found"}), {"m": Reason.ROLE_NOT_FOUND}),
        (done("m", "200", response={"success": False, "message": "later"}), {"m": Reason.REMOTE_REJECTED}),
        (done("m", "429"), {"m": Reason.RATE_LIMITED}),
        (done(None), {}),
        (done(None, location="https://x/scim/v2/Users/somebody-else"), {}),
        (done("m", None), {}),
        (done("m", "soon"), {}),
        ({"bulkId": ["m"], "status": "200"}, {}),
    ],
)
async def test_a_result(
    server: Server, transport: Transport, operation: dict[str, Any], expected: dict[str, Reason | None]
) -> None:
    """By bulkId, or by the user that it is of; what cannot be understood tells nothing, and is read back.

    How an operation was meant is known from what was sent: a 409 to a change is no other account.
    """
    server.answers = [answered(operation)]
    assert reasons(await send(plainly(transport), updated("m", Field.ACTIVE))) == expected


async def test_a_409_to_a_create_is_another_account(server: Server, transport: Transport) -> None:
    """Whether or not the answer repeats the method."""
    server.answers = [answered(done("a", "409", response={"detail": "taken"}))]
    assert reasons(await send(plainly(transport), created("a"))) == {"a": Reason.ALREADY_EXISTS}


async def test_a_job(server: Server, transport: Transport) -> None:
    """Whoever is in it waits for its end."""
    server.answers = [json_answer(202, {"id": "job-1"}, X_Request_Id="r-1")]
    batch = Batch((created("a"), Item("b", Delete(a_remote("b")))), shared=True)
    assert await plainly(transport).send(batch, Lane.UPDATES) == Pending("job-1", "r-1")


# Locked out together.


@pytest.mark.parametrize(
    ("body", "spared"),
    [
        ({}, set()),
        ({"notDeletedUserIds": []}, set()),
        ({"notDeletedUserIds": None}, set()),
        ({"notDeletedUserIds": ["2"]}, {"2"}),
        ({"NotDeletedUserIds": [2, "elsewhere"]}, {"2"}),
        ({"notDeletedUserIds": ["1", "2", "3"]}, {"1", "2", "3"}),
    ],
)
async def test_a_lock_out_of_many(server: Server, transport: Transport, body: object, spared: set[str]) -> None:
    """A 200 names those who were not locked out."""
    server.answers = [json_answer(200, body, X_Request_Id="r-1")]
    batch = Batch(tuple(deactivated(user_id) for user_id in "123"), shared=True)
    receipt = await plainly(transport).lock_out(batch, Lane.LEAVERS)
    assert isinstance(receipt, Settled)
    assert {uid for uid, result in receipt.results.items() if isinstance(result, Failure)} == {
        f"uid-{user_id}" for user_id in spared
    }
    assert {result for result in receipt.results.values() if isinstance(result, Answered)} <= {
        Answered(request_id="r-1")
    }
    assert server.requests == [("POST", "/user-management/v1/users/deactivate", {"userIds": ["1", "2", "3"]})]


async def test_a_lock_out_without_words(server: Server, transport: Transport) -> None:
    """204 spares nobody."""

    async def nothing(_request: web.Request) -> web.Response:
        return web.Response(status=204)

    server.answers = [nothing]
    receipt = await plainly(transport).lock_out(Batch((deactivated("1"),), shared=True), Lane.LEAVERS)
    assert receipt == Settled({"uid-1": Answered()})


@pytest.mark.parametrize(
    ("answer", "error"),
    [(json_answer(503, {}), ServerError), (json_answer(200, {"success": False, "message": "no"}), Contradicted)],
)
async def test_a_lock_out_that_is_refused(
    server: Server, transport: Transport, answer: Answer, error: type[ScimError]
) -> None:
    """Nobody counts as locked out."""
    server.answers = [answer]
    with pytest.raises(error):
        await plainly(transport, replace(PLATFORM, deactivate_path="/x")).lock_out(
            Batch((deactivated("1"),), shared=True), Lane.LEAVERS
        )
    assert server.requests[0][1] == "/x"
