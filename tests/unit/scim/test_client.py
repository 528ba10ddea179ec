"""The operations: what is asked of CXone, and what its answers are taken for."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from aiohttp import web

from cxone_operator.core.knowledge import UNKNOWN, Present
from cxone_operator.core.lane import Lane
from cxone_operator.core.seats import Quota
from cxone_operator.core.users import Change, Field
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.dialects.platform import PLATFORM
from cxone_operator.scim.errors import BadRequest, MalformedAnswer, ScimError
from cxone_operator.scim.messages import user_body
from cxone_operator.scim.remote import Answered
from unit.builders import a_state, account
from unit.scim.conftest import Server, json_answer, no_content

JANE = {**user_body(a_state(), PLATFORM), "id": "id-jane"}


async def located(_request: web.Request) -> web.Response:
    return web.Response(status=201, headers={"Location": "https://x/scim/v2/Users/a%2Fb?x=1"})


async def test_a_page(server: Server, client: ScimClient) -> None:
    """What is no user is left out, but counts for the paging."""
    server.answers = [json_answer(200, {"totalResults": "3", "Resources": [JANE, {"id": "2"}, 7]})]
    (page,) = [page async for page in client.everybody(Lane.BACKGROUND)]
    assert ([user.id for user in page.users], page.returned, page.total) == (["id-jane"], 3, 3)
    assert server.requests == [("GET", "/scim/v2/Users?count=500", None)]


async def test_a_page_of_one_that_is_no_list(server: Server, client: ScimClient) -> None:
    """Some serialisers write a list of one as its element."""
    server.answers = [json_answer(200, {"totalResults": 1, "Resources": JANE})]
    (page,) = [page async for page in client.everybody(Lane.BACKGROUND)]
    assert ([user.id for user in page.users], page.returned) == (["id-jane"], 1)


async def test_an_empty_page(server: Server, client: ScimClient) -> None:
    """May come without Resources (RFC 7644 section 3.4.2)."""
    server.answers = [json_answer(200, {"totalResults": 0})]
    (page,) = [page async for page in client.everybody(Lane.BACKGROUND)]
    assert (page.users, page.returned, page.total) == ((), 0, 0)


async def test_a_look_up_is_one_request(server: Server, client: ScimClient) -> None:
    """With all names in one filter."""
    server.answers = [json_answer(200, {"totalResults": 1, "Resources": [JANE]})]
    found = await client.find(("jane@example.com", 'o"x'), Lane.UPDATES)
    assert [user.id for user in found.users] == ["id-jane"]
    wanted = "filter=userName%20eq%20%22jane%40example.com%22%20or%20userName%20eq%20%22o%5C%22x%22&count=100"
    assert server.requests == [("GET", f"/scim/v2/Users?{wanted}", None)]


@pytest.mark.parametrize(
    ("answer", "found", "whole"),
    [
        ({"totalResults": 1, "Resources": [JANE]}, 1, True),
        ({"totalResults": 0}, 0, True),
        ({"totalResults": 2, "Resources": [JANE]}, 1, False),
        ({"totalResults": 1, "Resources": [{"id": "7"}]}, 0, False),
    ],
)
async def test_an_employee_is_asked_for(
    server: Server, client: ScimClient, answer: dict[str, object], found: int, whole: bool
) -> None:
    """By externalId, as SCIM calls it (RFC 7643 section 3.1)."""
    server.answers = [json_answer(200, answer)]
    told = await client.find_employed('47"11', Lane.UPDATES)
    assert (len(told.users), told.whole) == (found, whole)
    assert unquote(server.requests[0][1]) == r'/scim/v2/Users?filter=externalId eq "47\"11"'


async def test_a_look_up_in_short_pages_misses_nobody(server: Server, client: ScimClient) -> None:
    """A server may give fewer than asked for; whoever comes later must not be taken for missing."""
    server.answers = [
        json_answer(200, {"totalResults": 3, "Resources": [{"id": str(number), "userName": f"u{number}"}]})
        for number in range(3)
    ]
    found = await client.find(("u0", "u1", "u2"), Lane.UPDATES)
    assert [user.id for user in found.users] == ["0", "1", "2"]
    places = [path.partition("&")[2] for _, path, _ in server.requests]
    assert places == ["count=100", "startIndex=2&count=100", "startIndex=3&count=100"]


async def test_a_look_up_ends(server: Server, client: ScimClient) -> None:
    """Also with a server that shows its first page whatever it is asked for."""
    server.answers = [json_answer(200, {"totalResults": 9, "Resources": [JANE]})]
    found = await client.find(("jane@example.com",), Lane.UPDATES)
    assert (len(found.users), found.whole) == (1, False), "eight more are promised, and who they are nobody knows"
    assert len(server.requests) == 2


async def test_two_users_of_one_name_are_both_shown(server: Server, client: ScimClient) -> None:
    """Which of them is meant is for somebody else to say."""
    server.answers = [json_answer(200, {"totalResults": 2, "Resources": [JANE, {**JANE, "id": "other"}]})]
    assert len((await client.find(("jane@example.com",), Lane.UPDATES)).users) == 2


async def test_an_answer_about_somebody_else_shows_nothing(server: Server, client: ScimClient) -> None:
    """A change is done when CXone shows it, on the user that it was made to."""
    server.answers = [json_answer(200, {**JANE, "id": "other"}, X_Request_Id="r-1")]
    answered = await client.changes.patch(
        account("id-jane"), Change(a_state(active=False), (Field.ACTIVE,)), Lane.LEAVERS
    )
    assert answered == Answered(UNKNOWN, "r-1")


@pytest.mark.parametrize(
    ("answer", "id_"),
    [
        (json_answer(201, JANE), "id-jane"),
        (json_answer(200, JANE), "id-jane"),
        (json_answer(201, user_body(a_state(), PLATFORM), Location="/scim/v2/Users/7/"), "7"),
        (json_answer(201, JANE, Location="/scim/v2/Users/other"), "id-jane"),
    ],
)
async def test_the_id_of_a_new_user(server: Server, client: ScimClient, answer: object, id_: str) -> None:
    """From the body, or else from Location, decoded once."""
    server.answers = [answer]  # type: ignore[list-item]
    created = (await client.changes.create(a_state(), Lane.JOINERS)).shown
    assert isinstance(created, Present)
    assert (created.user.id, created.user.state.user_name) == (id_, "jane@example.com")


async def test_changes(server: Server, client: ScimClient) -> None:
    """200 shows the user, 204 does not, nor does an answer about somebody else; ids are percent-encoded once."""
    change = Change(a_state(active=False), (Field.ACTIVE,))
    server.answers = [json_answer(200, {**JANE, "id": "a b/%40"}), no_content, json_answer(200, JANE)]
    shown = (await client.changes.patch(account("a b/%40"), change, Lane.LEAVERS)).shown
    assert isinstance(shown, Present)
    assert shown.user.id == "a b/%40"
    assert (await client.changes.patch(account("1"), change, Lane.LEAVERS)).shown == UNKNOWN
    assert (await client.changes.patch(account("1"), change, Lane.LEAVERS)).shown == UNKNOWN
    assert [path for _, path, _ in server.requests] == ["/scim/v2/Users/a%20b%2F%2540", *["/scim/v2/Users/1"] * 2]


@pytest.mark.parametrize("left_out", ["active", "name", "roles", "emails"])
async def test_a_brief_answer_shows_nobody(server: Server, client: ScimClient, left_out: str) -> None:
    """What a server leaves out of an answer is not what the user lacks, so the user is looked up."""
    server.answers = [json_answer(200, {name: value for name, value in JANE.items() if name != left_out})]
    assert (await client.changes.create(a_state(), Lane.JOINERS)).shown == UNKNOWN
    change = Change(a_state(active=False), (Field.ACTIVE,))
    assert (await client.changes.patch(account("id-jane"), change, Lane.LEAVERS)).shown == UNKNOWN


async def test_what_an_answer_does_not_show_is_looked_up(server: Server, client: ScimClient) -> None:
    """204 says that a deletion was accepted, 404 may come from a path that nobody serves, an empty 201 shows nobody."""
    server.answers = [no_content, json_answer(404, {}), located]
    for _ in range(2):
        assert (await client.changes.delete("1", Lane.LEAVERS)).shown == UNKNOWN
    assert (await client.changes.create(a_state(), Lane.JOINERS)).shown == UNKNOWN


async def test_an_account_is_asked_for_by_its_id(server: Server, client: ScimClient) -> None:
    """Whoever else is shown is not it; 404 says that it is gone."""
    server.answers = [json_answer(200, {**JANE, "id": 17}), json_answer(404, {}), json_answer(200, JANE)]
    found = await client.get("17", Lane.LEAVERS)
    assert found is not None
    assert (found.id, found.state.user_name) == ("17", "jane@example.com")
    assert await client.get("17", Lane.LEAVERS) is None
    with pytest.raises(MalformedAnswer):
        await client.get("17", Lane.LEAVERS)
    assert {path for _, path, _ in server.requests} == {"/scim/v2/Users/17"}


async def test_where_or_is_refused_names_are_asked_for_one_by_one(server: Server, client: ScimClient) -> None:
    """From then on; a name that is refused alone is refused for good."""
    refused, nobody = json_answer(400, {"scimType": "invalidFilter"}), json_answer(200, {"totalResults": 0})
    server.answers = [refused, json_answer(200, {"totalResults": 1, "Resources": [JANE]}), nobody]
    found = await client.find(("jane@example.com", "john@example.com"), Lane.UPDATES)
    assert ([user.id for user in found.users], found.whole, len(server.requests)) == (["id-jane"], True, 3)
    assert client.portions(["a", "b"]) == [("a",), ("b",)]
    server.answers = [refused]
    with pytest.raises(BadRequest):
        await client.find(("jane@example.com",), Lane.UPDATES)


async def test_a_look_up_with_an_entry_that_cannot_be_understood_proves_nothing(
    server: Server, client: ScimClient
) -> None:
    """Who knows whom it is about."""
    server.answers = [json_answer(200, {"totalResults": 2, "Resources": [JANE, {"id": "7"}]})]
    found = await client.find(("jane@example.com", "john@example.com"), Lane.UPDATES)
    assert (len(found.users), found.whole) == (1, False)


async def test_seats(server: Server, client: ScimClient) -> None:
    """Counted, given back, and not given back twice."""
    server.answers = [json_answer(200, {"total": 10, "used": "4"}), no_content, json_answer(404, {})]
    assert await client.seats(Lane.BACKGROUND) == Quota(10, 4)
    for _ in range(2):
        assert await client.changes.release_license("1", Lane.LEAVERS) == Answered()
    assert [path for _, path, _ in server.requests][1:] == ["/api/v2/license/assignments/1"] * 2


async def test_every_write_names_its_request(server: Server, client: ScimClient) -> None:
    """Done, done already, refused, or answered with something else: CXone's support will ask for it."""
    change = Change(a_state(active=False), (Field.ACTIVE,))
    server.answers = [json_answer(code, JANE, X_Request_Id=f"r-{code}") for code in (201, 200, 200, 404, 204, 404)]
    named = [
        (await client.changes.create(a_state(), Lane.JOINERS)).request_id,
        (await client.changes.patch(account("1"), change, Lane.LEAVERS)).request_id,
        (await client.changes.delete("1", Lane.LEAVERS)).request_id,
        (await client.changes.delete("1", Lane.LEAVERS)).request_id,
        (await client.changes.release_license("1", Lane.LEAVERS)).request_id,
        (await client.changes.release_license("1", Lane.LEAVERS)).request_id,
    ]
    assert named == ["r-201", "r-200", "r-200", "r-404", "r-204", "r-404"]
    for status, body in ((400, {}), (503, {}), (200, "no user"), (200, {})):
        server.answers = [json_answer(status, body, X_Request_Id="r-9")]
        with pytest.raises(ScimError) as caught:
            await client.changes.create(a_state(), Lane.JOINERS)
        assert caught.value.failure.request_id == "r-9"
