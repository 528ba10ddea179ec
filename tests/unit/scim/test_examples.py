"""From the wire to the condition, by examples of each dialect: what it is, why, and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from cxone_operator.core.actions import Create, Deactivate, Delete
from cxone_operator.core.fence import unfenced
from cxone_operator.core.lane import Lane
from cxone_operator.core.users import Change, Field
from cxone_operator.scim.auth import TokenSource
from cxone_operator.scim.client import ScimClient
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.dialects import PRESETS
from cxone_operator.scim.dialects.dialect import Deactivation
from cxone_operator.scim.errors import ScimError
from cxone_operator.scim.hosts import FixedHosts
from cxone_operator.scim.remote import Batch, Item
from cxone_operator.scim.transport import Transport
from unit.builders import a_remote, a_state, account
from unit.scim.conftest import CANARY, Answer, CountingBudget, Server, unobserved

PLAIN = a_state(roles=None, groups=None)
CHANGE = Change(a_state(active=False), (Field.ACTIVE,))
SHARED = Batch((Item("a", Create(PLAIN)), Item("b", Delete(a_remote("b")))), shared=True)
LEAVERS = Batch((Item("a", Deactivate(account("1"))),), shared=True)
REQUESTS: dict[str, Callable[[ScimClient], Awaitable[object]]] = {
    "token": lambda client: client.connect(),
    "list": lambda client: anext(client.everybody(Lane.UPDATES)),  # type: ignore[call-overload]
    "look_up": lambda client: client.find(("jane@example.com",), Lane.UPDATES),
    "create": lambda client: client.changes.create(PLAIN, Lane.JOINERS),
    "change": lambda client: client.changes.patch(account("1"), CHANGE, Lane.UPDATES),
    "delete": lambda client: client.changes.delete("1", Lane.LEAVERS),
    "bulk": lambda client: client.send(SHARED, Lane.UPDATES),
    "lock_out": lambda client: client.send(LEAVERS, Lane.LEAVERS),
    "seats": lambda client: client.seats(Lane.UPDATES),
}
EXAMPLES = Path(__file__).parent / "examples"


def examples() -> list[Any]:
    read = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(EXAMPLES.glob("*.yaml"))}
    return [
        pytest.param(name, row, id=f"{name}: {row['shows']}, to {row['request']}")
        for name, rows in read.items()
        for row in rows
    ]


def recorded(row: dict[str, Any]) -> Answer:
    async def answer(_request: web.Request) -> web.Response:
        if "body" in row:
            return web.json_response(row["body"], status=row["status"], headers=row.get("headers"))
        return web.Response(status=row["status"], text=row.get("text", ""), headers=row.get("headers"))

    return answer


def speaking(preset: str, server: Server, session: aiohttp.ClientSession) -> ScimClient:
    """A client of this preset, with the scripted server's own token endpoint."""
    by_name = {name.lower(): dialect for name, dialect in PRESETS.items()}
    dialect = replace(by_name[preset], token_path="/oauth/token", deactivation=Deactivation.BATCH)
    credentials = Credentials("id", CANARY, "key-id", "key-secret")
    hosts = FixedHosts(server.url, dialect)
    tokens = TokenSource(session, hosts, credentials, dialect, time.monotonic, unobserved)
    return ScimClient(Transport(session, hosts, tokens, CountingBudget(), unobserved, unfenced), dialect)


def test_every_preset_has_examples() -> None:
    """And only they do."""
    assert {path.stem for path in EXAMPLES.iterdir()} == {name.lower() for name in PRESETS}


@pytest.mark.parametrize(("preset", "row"), examples())
async def test_an_example(server: Server, session: aiohttp.ClientSession, preset: str, row: dict[str, Any]) -> None:
    """Its class, its reason, its words, and how long to wait."""
    server.answers = [recorded(row)]
    if row["request"] == "token":
        server.token_status, server.token_body = row["status"], row["body"]
    with pytest.raises(ScimError) as caught:
        await REQUESTS[row["request"]](speaking(preset, server, session))
    error = caught.value
    assert (type(error).__name__, error.failure.reason) == (row["error"], row["reason"])
    assert [words for words in row["says"] if words not in error.message] == [], error.message
    assert error.retry_after == row.get("waits")
    assert CANARY not in error.message
