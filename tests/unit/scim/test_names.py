"""Names that the server knows by ids: how often they are asked for."""

from __future__ import annotations

import asyncio

from cxone_operator.core.lane import Lane
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.dialects.userhub import USER_HUB
from cxone_operator.scim.names import ById
from unit.builders import a_state
from unit.scim.conftest import Server, json_answer


async def test_whoever_comes_meanwhile_waits_for_the_search(server: Server, client: ScimClient) -> None:
    """Many join at once; each search costs a place in the rate limit."""
    server.answers = [json_answer(200, {"roles": [{"roleId": "role-1", "roleName": "Agent"}]})]
    names = ById(client._transport, USER_HUB)
    states = await asyncio.gather(*(names.encoded(a_state(roles=("agent",)), Lane.JOINERS) for _ in range(8)))
    assert {state.roles for state in states} == {("role-1",)}
    assert [path for _, path, _ in server.requests] == ["/authorization/v1/roles/search"]
