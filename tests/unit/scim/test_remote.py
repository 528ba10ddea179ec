"""The seam: what the engine asks a tenant for, in requests, and what it is told in values of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import Api
from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, RemoteAction, Update
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.failure import Failure
from cxone_operator.core.knowledge import UNKNOWN, Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import Change, Field
from cxone_operator.scim import bulk, transport
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.dialects import dialect_of
from cxone_operator.scim.dialects.dialect import Deactivation
from cxone_operator.scim.dialects.platform import PLATFORM
from cxone_operator.scim.errors import AuthenticationFailed, Misfit, NotOffered, ScimError, TooLarge
from cxone_operator.scim.messages import user_body
from cxone_operator.scim.paging import PAGE
from cxone_operator.scim.remote import Answered, Batch, Item, Pending, Remote, Settled
from cxone_operator.scim.transport import Transport
from unit.builders import a_remote, a_state
from unit.scim.conftest import Answer, CountingBudget, Server, json_answer, no_content

JANE = {**user_body(a_state(), PLATFORM), "id": "id-jane"}
PROMOTE = Update(a_remote(), Change(a_state(roles=("Supervisor",)), (Field.ROLES,)), takes_seat=False)
CREATE, ERASE = Item("uid-a", Create(a_state("a"))), Item("uid-b", Delete(a_remote("b")))
TOGETHER = Batch((CREATE, ERASE), shared=True)


def alone(action: RemoteAction) -> Batch:
    return Batch((Item("uid-jane", action),))


def page(first: int, count: int, total: int | None) -> Answer:
    users = [{"id": str(number), "userName": f"u{number}"} for number in range(first, first + count)]
    return json_answer(200, {"Resources": users, **({} if total is None else {"totalResults": total})})


async def everybody(client: ScimClient) -> list[int]:
    """How many came in each portion."""
    return [len(page.users) async for page in client.everybody(Lane.BACKGROUND)]


def starts(server: Server) -> list[str]:
    return [path.partition("startIndex=")[2].partition("&")[0] for _, path, _ in server.requests]


def test_a_client_is_all_that_the_engine_asks_for() -> None:
    """Whatever the engine may call is there, and nothing with a path, a code or a preset in it."""
    wanted = {name for name in vars(Remote) if not name.startswith("_")}
    assert wanted <= set(dir(ScimClient(None, PLATFORM)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "offered"),
    [
        ({}, Capabilities(lists=True, bulk=True, deletes=True)),
        ({"bulk": "Off"}, Capabilities(bulk=False)),
        ({"bulk": "Synchronous"}, Capabilities()),
        ({"bulk": "Synchronous", "patch": "Replace"}, Capabilities(bulk=False)),
        ({"patch": "WithoutOp"}, Capabilities()),
        ({"list": "Filter"}, Capabilities(lists=False)),
    ],
)
def test_what_a_dialect_offers(settings: dict[str, str], offered: Capabilities) -> None:
    """The engine asks before it lists or sends in bulk."""
    assert ScimClient(None, dialect_of(Api(**settings))).capabilities == offered  # type: ignore[arg-type]


# Connecting.


async def test_connecting_tries_the_credentials_and_nothing_else(server: Server, client: ScimClient) -> None:
    """It costs no place in the rate limit."""
    await client.connect()
    assert (server.tokens, server.requests) == (1, [])
    assert "id" in client.identities


async def test_refused_credentials_are_an_error(server: Server, client: ScimClient) -> None:
    """Of the tenant as a whole."""
    server.token_status = 401
    with pytest.raises(AuthenticationFailed):
        await client.connect()


async def test_a_probe_is_one_small_request(server: Server, client: ScimClient, budget: CountingBudget) -> None:
    """Harmless, and in the lane of those who may not wait."""
    server.answers = [page(0, 1, 10_000)]
    await client.probe()
    assert [path for _, path, _ in server.requests] == ["/scim/v2/Users?count=1"]


# Everybody.


async def test_everybody_comes_page_by_page(server: Server, client: ScimClient) -> None:
    """The next page begins behind what came, not behind what was asked for."""
    server.answers = [page(0, 3, 7), page(3, 3, 7), page(6, 1, 7)]
    assert await everybody(client) == [3, 3, 1]
    assert starts(server) == ["", "4", "7"]


async def test_a_server_that_does_not_count_is_read_to_an_empty_page(server: Server, client: ScimClient) -> None:
    """RFC 9865 section 2 lets it leave out the total."""
    server.answers = [page(0, 2, None), page(2, 2, None), page(4, 0, None)]
    assert await everybody(client) == [2, 2, 0]


async def test_a_server_whose_total_is_too_large_ends_with_its_pages(server: Server, client: ScimClient) -> None:
    """An empty page ends the list, whatever was promised."""
    server.answers = [page(0, 2, 9), page(2, 0, 9)]
    assert await everybody(client) == [2, 0]


async def test_a_page_that_fails_fails_the_walk(server: Server, client: ScimClient) -> None:
    """Whoever was to come is not missing."""
    server.answers = [page(0, 2, 4), json_answer(500, {})]
    with pytest.raises(ScimError):
        await everybody(client)


@pytest.mark.parametrize(("users", "pages"), [(0, 1), (PAGE - 1, 1), (PAGE, 2), (10_000, 10_000 // PAGE + 1)])
def test_pages(client: ScimClient, users: int, pages: int) -> None:
    """What a walk costs, compared with look-ups: the last page may be empty."""
    assert client.pages(users) == pages


# Changing one.


@pytest.mark.parametrize(
    ("action", "request_", "answer", "shown"),
    [
        (Create(a_state()), ("POST", "/scim/v2/Users"), json_answer(201, JANE), "id-jane"),
        (PROMOTE, ("PATCH", "/scim/v2/Users/id-jane"), json_answer(200, JANE), "id-jane"),
        (Deactivate(a_remote()), ("PATCH", "/scim/v2/Users/id-jane"), no_content, None),
        (Delete(a_remote()), ("DELETE", "/scim/v2/Users/id-jane"), json_answer(404, {}), None),
        (Reclaim(a_remote()), ("DELETE", "/api/v2/license/assignments/id-jane"), no_content, None),
    ],
)
async def test_one_change_is_one_request(
    server: Server, client: ScimClient, action: RemoteAction, request_: tuple[str, str], answer: Answer, shown: str
) -> None:
    """Its receipt has the result under the uid, and shows no more than the answer does."""
    server.answers = [answer]
    receipt = await client.send(alone(action), Lane.UPDATES)
    assert isinstance(receipt, Settled)
    result = receipt.results["uid-jane"]
    assert isinstance(result, Answered)
    assert (result.shown.user.id if isinstance(result.shown, Present) else None) == shown
    assert [(method, path) for method, path, _ in server.requests] == [request_]


async def test_a_deletion_shows_nobody(server: Server, client: ScimClient) -> None:
    """Whether it succeeds or says 404: a path that is not served says the same."""
    server.answers = [no_content, json_answer(404, {}, X_Request_Id="r-1")]
    gone = await client.send(alone(Delete(a_remote())), Lane.LEAVERS)
    not_there = await client.send(alone(Delete(a_remote())), Lane.LEAVERS)
    assert gone == Settled({"uid-jane": Answered(UNKNOWN)})
    assert not_there == Settled({"uid-jane": Answered(UNKNOWN, "r-1")})


async def test_a_lock_out_changes_nothing_else(server: Server, client: ScimClient) -> None:
    """No other field can make it fail."""
    server.answers = [no_content]
    await client.send(alone(Deactivate(a_remote(roles=("Unknown role",)))), Lane.LEAVERS)
    _, _, body = server.requests[0]
    assert isinstance(body, dict)
    assert body["Operations"] == [{"op": "replace", "path": "active", "value": False}]


# What is not offered.


@pytest.mark.parametrize("status", [405, 501])
@pytest.mark.parametrize(
    ("batch", "left"),
    [
        (TOGETHER, Capabilities(bulk=False)),
        (Batch((CREATE,), shared=True), Capabilities(bulk=False)),
        (alone(Delete(a_remote())), Capabilities(deletes=False)),
        (alone(Deactivate(a_remote())), Capabilities()),
        (alone(Create(a_state())), Capabilities()),
    ],
)
async def test_what_a_server_refuses_to_do_is_learned(
    server: Server, client: ScimClient, batch: Batch, left: Capabilities, status: int
) -> None:
    """That is no outage: the same is done another way, and not tried again. A bulk request with a deletion in it says
    nothing of single ones."""
    server.answers = [json_answer(status, {})]
    with pytest.raises(NotOffered):
        await client.send(batch, Lane.LEAVERS)
    assert client.capabilities == left


@pytest.mark.parametrize("status", [404, 405, 501])
@pytest.mark.parametrize("shared", [True, False])
async def test_lock_outs_of_many_that_are_not_offered(
    server: Server, transport: Transport, status: int, shared: bool
) -> None:
    """Each goes by itself from then on, also who was in it; the tenant says which setting to change."""
    server.answers = [json_answer(status, {}), no_content]
    client = ScimClient(transport, replace(PLATFORM, deactivation=Deactivation.BATCH))
    leaver = Item("uid-jane", Deactivate(a_remote()))
    with pytest.raises(Misfit, match=r"spec\.api\.deactivation is Batch, .* set it to Patch"):
        await client.send(Batch((leaver,), shared=shared), Lane.LEAVERS)
    (finding,) = client.capabilities.findings
    assert "/user-management/v1/users/deactivate" in finding
    assert not client.capabilities.lockouts
    await client.send(Batch((leaver,)), Lane.LEAVERS)
    assert [method for method, _, _ in server.requests] == ["POST", "PATCH"]


async def test_lessons_add_up(server: Server, client: ScimClient) -> None:
    """The second one does not forget the first."""
    server.answers = [json_answer(501, {})]
    for batch in (TOGETHER, alone(Delete(a_remote()))):
        with pytest.raises(NotOffered):
            await client.send(batch, Lane.LEAVERS)
    assert client.capabilities == Capabilities(bulk=False, deletes=False)


@pytest.mark.parametrize("status", [404, 429, 500, 503])
async def test_an_outage_teaches_nothing(server: Server, client: ScimClient, status: int) -> None:
    """It passes."""
    server.answers = [json_answer(status, {})]
    with pytest.raises(ScimError):
        await client.send(TOGETHER, Lane.UPDATES)
    assert client.capabilities == Capabilities()


# Changing many.


def test_batches_are_shared_and_bounded(client: ScimClient) -> None:
    """By the number that is given, in order, and also where one is left over."""
    items = [Item(f"uid-{number}", Create(a_state(f"u{number}"))) for number in range(7)]
    batches = client.batches(items, 3)
    assert [len(batch.items) for batch in batches] == [3, 3, 1]
    assert [item for batch in batches for item in batch.items] == items
    assert all(batch.shared for batch in batches)


def test_batches_are_bounded_in_bytes(client: ScimClient) -> None:
    """A server refuses a body that is too large, however few are in it."""
    items = [Item(f"uid-{n}", Create(a_state(f"u{n}", display_name="x" * 400_000))) for n in range(5)]
    assert [len(batch.items) for batch in client.batches(items, 100)] == [2, 2, 1]


async def test_a_job_is_accepted(server: Server, client: ScimClient, budget: CountingBudget) -> None:
    """202 names it, in the body or in Location; the uid is what CXone is given to tell the operations apart."""
    server.answers = [
        json_answer(202, {"id": "job-1"}, Retry_After="3", X_Request_Id="r-1"),
        json_answer(202, {}, Location="/scim/v2/Bulk/job-2"),
    ]
    assert await client.send(TOGETHER, Lane.JOINERS) == Pending("job-1", "r-1")
    assert await client.send(TOGETHER, Lane.JOINERS) == Pending("job-2")
    assert server.requests[0] == ("POST", "/scim/v2/Bulk", bulk.bulk_body(TOGETHER.items, PLATFORM))
    assert budget.entered == 2


async def test_a_bulk_that_is_done_at_once(server: Server, client: ScimClient) -> None:
    """200 says nothing of the operations; each has a result, or was not processed (RFC 7644 section 3.7.3)."""
    results = [
        {"bulkId": "uid-a", "method": "POST", "status": "201", "location": "https://x/scim/v2/Users/id%201"},
        {"bulkId": "uid-c", "method": "POST", "status": "400", "response": {"detail": "role 'X' is unknown"}},
    ]
    server.answers = [json_answer(200, {"Operations": results}, X_Request_Id="r-1")]
    receipt = await client.send(TOGETHER, Lane.JOINERS)
    assert isinstance(receipt, Settled)
    assert receipt.results["uid-a"] == Answered(UNKNOWN, "r-1")
    refused = receipt.results["uid-c"]
    assert isinstance(refused, Failure)
    assert refused.reason is Reason.ROLE_NOT_FOUND
    assert "uid-b" not in receipt.results


def test_what_a_bulk_answer_says() -> None:
    """When a poll is worth it, and which user an operation was about."""
    accepted = transport.Answer(202, {"Retry-After": "3", "X-Request-Id": "r-1"}, b'{"id": "job-1"}', write=True)
    assert bulk.receipt_from(accepted) == bulk.Accepted("job-1", 3.0, "r-1")
    results = [{"bulkId": "a", "method": "POST", "status": "201", "location": "https://x/scim/v2/Users/id%201"}]
    assert bulk.results_from({"Operations": results}) == {"a": bulk.OperationResult(None, "id 1")}


@pytest.mark.parametrize(
    ("status", "done"),
    [
        *(("COMPLETED", True), ("completed", True), ("FAILED", True), ("Succeeded", True), ("aborted", True)),
        *(("PENDING", False), ("RUNNING", False), ("", False), (None, False), (7, False)),
    ],
)
async def test_a_job(server: Server, client: ScimClient, status: object, done: bool) -> None:
    """Two words end it; a job that has ended names nobody."""
    server.answers = [json_answer(200, {"id": "j 1", "status": status, "errors": [{"code": "400"}]})]
    assert await client.poll("j 1", Lane.JOINERS) == (Settled() if done else None)
    assert server.requests == [("GET", "/scim/v2/Bulk/j%201", None)]


async def test_a_job_that_names_its_results(server: Server, client: ScimClient) -> None:
    """Some servers do; what they say is used."""
    results = [{"bulkId": "uid-a", "method": "POST", "status": 201}]
    server.answers = [json_answer(200, {"status": "COMPLETED", "Operations": results})]
    assert await client.poll("job-1", Lane.JOINERS) == Settled({"uid-a": Answered()})


async def test_a_job_that_is_not_there_any_more_has_ended(server: Server, client: ScimClient) -> None:
    """What it did is seen on its users."""
    server.answers = [json_answer(404, {})]
    assert await client.poll("job-1", Lane.JOINERS) == Settled()


@pytest.mark.parametrize(
    ("status", "failed"), [("COMPLETED", False), ("FAILED", True), ("RUNNING", False), (None, False)]
)
def test_what_a_job_says_of_itself(status: object, failed: bool) -> None:
    """Its errors name nobody; as text they are a digest for people."""
    errors = [{"code": "400", "message": "bad\n"}, "?", {"message": "lost"}, {}]
    job = bulk.job_from({"id": "j 1", "status": status, "errors": errors})
    assert (job.failed, job.results, job.errors) == (failed, {}, ("400: bad ", "lost"))


async def test_a_page_that_is_too_large_is_asked_for_in_halves(
    server: Server, client: ScimClient, monkeypatch: pytest.MonkeyPatch, budget: CountingBudget
) -> None:
    """And so are all after it; that is no trouble of the service."""
    monkeypatch.setattr("cxone_operator.scim.answers._LARGEST_BYTES", 500)
    huge = json_answer(200, {"padding": " " * 1000})
    server.answers = [huge, json_answer(413, {}), page(0, 2, 3), page(2, 1, 3)]
    assert await everybody(client) == [2, 1]
    counts = [path.rpartition("=")[2] for _, path, _ in server.requests]
    assert counts == [str(PAGE), str(PAGE // 2), str(PAGE // 4), str(PAGE // 4)]
    assert {end.reason for end in budget.ends if end is not None} == {Reason.REMOTE_REJECTED}, "it opens no circuit"
    server.answers = [huge]
    with pytest.raises(TooLarge):
        await everybody(client)
