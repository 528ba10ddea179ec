"""The session to CXone, which all tenants share."""

from __future__ import annotations

from aiohttp import web
from aiohttp.test_utils import TestServer

from cxone_operator.scim.network import open_session


async def test_what_a_server_keeps_in_cookies_is_not_sent_again() -> None:
    """Two tenants of one host would be taken for one."""
    seen: list[dict[str, str]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append({"cookie": request.headers.get("Cookie", ""), "agent": request.headers["User-Agent"]})
        response = web.Response()
        response.set_cookie("JSESSIONID", "of-the-first", domain="localhost")
        return response

    application = web.Application()
    application.router.add_get("/", answer)
    async with TestServer(application, host="localhost") as server, open_session() as session:
        for _ in range(2):
            await session.get(server.make_url("/"))
    assert [request["cookie"] for request in seen] == ["", ""]
    assert {request["agent"].partition("/")[0] for request in seen} == {"cxone-operator"}
