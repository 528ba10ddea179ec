"""Lists: every resource comes once, by whichever way the server counts, and no list goes on for ever."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxone_operator.core.lane import Lane
from cxone_operator.scim.errors import Incomplete, MalformedAnswer, Misfit, NotFound, ScimError
from cxone_operator.scim.paging import PAGE, Listing
from cxone_operator.scim.transport import Transport
from unit.scim.conftest import Answer, Server, json_answer

PATH = "/scim/v2/Users"


def page(*numbers: int, total: object = None, cursor: object = None) -> Answer:
    body = {"Resources": list(numbers), "totalResults": total, "nextCursor": cursor}
    return json_answer(200, {name: value for name, value in body.items() if value is not None})


def a_listing(transport: Transport) -> Listing:
    return Listing(transport, PATH, "SCIM.ReadWrite", "usersPath")


async def walked(listing: Listing, query: str = "", most: int = PAGE) -> list[list[object]]:
    """What came in each part."""
    return [list(part.resources) async for part in listing.walk("list", Lane.UPDATES, query, most)]


def asked(server: Server) -> list[str]:
    """Where each page was to begin."""
    queries = [path.partition("?")[2].split("&") for _, path, _ in server.requests]
    return ["&".join(item for item in query if not item.startswith("count=")) for query in queries]


@pytest.mark.parametrize(
    ("answers", "parts", "places"),
    [
        ([page(1, 2, 3, total=3)], [[1, 2, 3]], [""]),
        ([page(1, 2, total=3), page(3, total=3)], [[1, 2], [3]], ["", "startIndex=3"]),
        ([page(1, 2, total="3"), page(3, total="3")], [[1, 2], [3]], ["", "startIndex=3"]),
        ([page(1, 2), page(3), page()], [[1, 2], [3], []], ["", "startIndex=3", "startIndex=4"]),
        ([page(1, 2, total=9), page(total=9)], [[1, 2], []], ["", "startIndex=3"]),
        ([page(1, 2, total=4), page(3, 4, 5, total=5)], [[1, 2], [3, 4, 5]], ["", "startIndex=3"]),
        ([page(1, cursor="a/b"), page(2, cursor="c"), page(3)], [[1], [2], [3]], ["", "cursor=a%2Fb", "cursor=c"]),
        ([page(1, cursor="a"), page(total=9, cursor="b"), page(2)], [[1], [], [2]], ["", "cursor=a", "cursor=b"]),
        ([page(1, total=1, cursor="a"), page(2)], [[1], [2]], ["", "cursor=a"]),
        ([page(1, total=3, cursor=""), page(2, 3, total=3)], [[1], [2, 3]], ["", "startIndex=2"]),
        ([page(1, total=2, cursor=7), page(2, total=2)], [[1], [2]], ["", "startIndex=2"]),
        ([json_answer(200, {"totalResults": 0})], [[]], [""]),
        ([json_answer(200, {"TOTALRESULTS": 1, "resources": [1]})], [[1]], [""]),
    ],
    ids=[
        *("whole", "index", "text", "uncounted", "promised too much", "grows", "cursor", "cursor with an empty page"),
        *("cursor unasked, and a total that is too small", "empty cursor", "no cursor", "nobody", "any case"),
    ],
)  # fmt: skip
async def test_a_walk(
    server: Server, transport: Transport, answers: Sequence[Answer], parts: list[list[int]], places: list[str]
) -> None:
    """By index or by cursor, as the server will have it (RFC 7644 section 3.4.2.4, RFC 9865)."""
    server.answers = list(answers)
    assert await walked(a_listing(transport)) == parts
    assert asked(server) == places


async def test_a_total_that_is_that_of_the_page(server: Server, transport: Transport) -> None:
    """Whoever is on a later page is not missing; the totals tell the snapshot that something is wrong."""
    first, second, third = (list(range(start, end)) for start, end in ((0, 20), (20, 40), (40, 47)))
    server.answers = [page(*first, total=20), page(*second, total=20), page(*third, total=7)]
    assert await walked(a_listing(transport)) == [first, second, third]
    assert asked(server) == ["", "startIndex=21", "startIndex=41"]


@pytest.mark.parametrize("after", [page(*range(20), total=20), json_answer(400, {}), json_answer(404, {})])
async def test_nothing_after_a_page_that_looked_cut(server: Server, transport: Transport, after: Answer) -> None:
    """The first page once more, or a refusal, says that there was no second one."""
    server.answers = [page(*range(20), total=20), after]
    assert await walked(a_listing(transport)) == [list(range(20))]


async def test_whoever_was_asked_for_is_there(server: Server, transport: Transport) -> None:
    """So a page that has them all was not cut."""
    server.answers = [page(*range(20), total=20)]
    listing = a_listing(transport)
    assert len([part async for part in listing.walk("look_up", Lane.UPDATES, "filter=x", wanted=20)]) == 1
    assert len(server.requests) == 1


async def test_a_count_that_is_refused_is_halved(server: Server, transport: Transport) -> None:
    """A server that takes 100 at most is asked for that many from then on."""
    refused = json_answer(400, {"message": "[500: must be less than or equal to 100]"})
    server.answers = [refused, refused, refused, page(1, 2, total=2)]
    listing = a_listing(transport)
    assert await walked(listing) == [[1, 2]]
    await walked(listing)
    counts = [path.partition("count=")[2] for _, path, _ in server.requests]
    assert counts == ["500", "250", "125", "62", "62"]


async def test_a_list_that_is_refused_for_another_reason(server: Server, transport: Transport) -> None:
    """Is no reason to read in small pages when it is given."""
    listing = a_listing(transport)
    server.answers = [json_answer(400, {"detail": "no"})]
    with pytest.raises(Misfit, match="no"):
        await walked(listing)
    assert listing.size == PAGE


async def test_nobody_may_be_a_404(server: Server, transport: Transport) -> None:
    """From a server that lists its users; from any other it may be a path that nobody serves."""
    server.answers = [json_answer(404, {})]
    with pytest.raises(NotFound):
        await walked(a_listing(transport), "filter=x")
    server.answers = [json_answer(404, {}), page(1, total=1)]
    assert await walked(a_listing(transport), "filter=x") == []


@pytest.mark.parametrize(
    ("answer", "requests"), [(page(1, 2), 2), (page(1, 2, cursor="same"), 2), (page(1, total=100), 2)]
)
async def test_a_page_that_comes_again_ends_the_list(
    server: Server, transport: Transport, answer: Answer, requests: int
) -> None:
    """The server does not heed where a page begins; ten thousand requests would tell no more."""
    server.answers = [answer]
    await walked(a_listing(transport))
    assert len(server.requests) == requests


async def test_a_list_without_end_is_ended(
    server: Server, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that always has one more."""
    monkeypatch.setattr("cxone_operator.scim.paging._MOST_PAGES", 5)

    async def more(request: web.Request) -> web.Response:
        return web.json_response({"Resources": [int(request.query.get("startIndex", "1"))]})

    server.answers = [more]
    assert await walked(a_listing(transport)) == [[1], [2], [3], [4], [5]]


async def test_a_filter_stays_the_same(server: Server, transport: Transport) -> None:
    """From page to page (RFC 9865 section 2), and so does the number that is asked for."""
    server.answers = [page(1, cursor="a"), page(2)]
    await walked(a_listing(transport), "filter=x", 10)
    assert [path for _, path, _ in server.requests] == [
        f"{PATH}?filter=x&count=10",
        f"{PATH}?filter=x&cursor=a&count=10",
    ]


@pytest.mark.parametrize("refusal", [json_answer(413, {}), json_answer(200, {"padding": " " * 1000})])
async def test_a_page_that_is_too_large_is_halved(
    server: Server, transport: Transport, refusal: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the same place, and all after it are no larger; where one is too large, there is nothing left to halve."""
    monkeypatch.setattr("cxone_operator.scim.answers._LARGEST_BYTES", 500)
    listing = a_listing(transport)
    server.answers = [page(1, 2, total=3), refusal, page(3, total=3)]
    assert await walked(listing) == [[1, 2], [3]]
    assert asked(server) == ["", "startIndex=3", "startIndex=3"]
    assert listing.size == PAGE // 2
    server.answers = [refusal]
    with pytest.raises(ScimError):
        await walked(listing)
    assert listing.size == 1


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(404, "correct spec.baseURL, or spec.api.usersPath"), (400, "set spec.api.list to Filter")],
)
async def test_who_lists_nobody_has_other_settings(
    server: Server, transport: Transport, status: int, remedy: str
) -> None:
    """What a filter meets is for whoever asks with it."""
    server.answers = [json_answer(status, {"detail": "not here"})]
    with pytest.raises(Misfit, match=f"no list at {PATH}: .*not here; {remedy}"):
        await walked(a_listing(transport))
    with pytest.raises(ScimError) as caught:
        await walked(a_listing(transport), "filter=x")
    assert not isinstance(caught.value, Misfit)


@pytest.mark.parametrize("first", [page(1, cursor="a"), page(1, total=2)])
@pytest.mark.parametrize("refusal", [json_answer(400, {"scimType": "expiredCursor"}), json_answer(404, {})])
async def test_a_list_that_breaks_off_is_begun_again(
    server: Server, transport: Transport, first: Answer, refusal: Answer
) -> None:
    """A cursor that has expired says nothing of the settings."""
    server.answers = [first, refusal]
    with pytest.raises(Incomplete, match="broke off") as caught:
        await walked(a_listing(transport))
    assert caught.value.failure.retryable


@pytest.mark.parametrize("body", [{}, {"Resources": 3}, {"totalResults": "many"}])
async def test_what_is_no_list(server: Server, transport: Transport, body: object) -> None:
    """Shows nobody, and proves nobody's absence."""
    server.answers = [json_answer(200, body)]
    with pytest.raises(MalformedAnswer):
        await walked(a_listing(transport))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(0, 25),
    most=st.integers(1, 9),
    largest=st.integers(1, 30),
    cursors=st.booleans(),
    counts=st.booleans(),
)
async def test_everything_comes_once(
    server: Server, transport: Transport, number: int, most: int, largest: int, cursors: bool, counts: bool
) -> None:
    """In order, with however short pages, by index or cursor, counted or not, and where large pages are refused."""

    async def answer(request: web.Request) -> web.Response:
        start, count = int(request.query.get("startIndex", "1")) - 1, int(request.query["count"])
        start = int(request.query.get("cursor", start))
        if count > largest:
            return web.json_response({}, status=413)
        found = list(range(start, min(start + min(count, most), number)))
        ended = start + len(found) >= number
        body = {"Resources": found, **({"totalResults": number} if counts else {})}
        return web.json_response(body | ({"nextCursor": str(start + len(found))} if cursors and not ended else {}))

    server.answers = [answer]
    listing = a_listing(transport)
    assert [item for part in await walked(listing) for item in part] == list(range(number))
    assert listing.size <= max(largest, 1) or largest >= PAGE
