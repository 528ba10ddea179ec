"""The client of the API server: what is sent, and that nothing is where the fence is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cxone_operator.api.meta import Reference
from cxone_operator.cluster.client import ClusterClient
from cxone_operator.cluster.errors import Conflicted, Gone
from cxone_operator.cluster.server import Body

JANE = Reference("workforce", "jane", "uid-jane")
PATH = "/apis/cxone.dev/v1alpha1/namespaces/workforce/cxoneusers/jane"


class Server:
    """Answers every request with the same, and remembers them."""

    def __init__(self, answer: Body | Exception | None = None) -> None:
        self._answer: Body | Exception = answer if answer is not None else {}
        self.asked: list[tuple[str, str, Body | None]] = []

    async def request(self, method: str, path: str, *, body: Body | None = None) -> Body:
        self.asked.append((method, path, body))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def closed() -> None:
    raise asyncio.CancelledError


def client(server: Server, fence: Callable[[], None] = lambda: None) -> tuple[ClusterClient, list[tuple[str, str]]]:
    seen: list[tuple[str, str]] = []
    return ClusterClient(server, lambda *write: seen.append(write), fence), seen  # type: ignore[arg-type]


WRITES: list[Callable[[ClusterClient], Awaitable[object]]] = [
    lambda cluster: cluster.patch_status("cxoneusers", JANE, {}),
    lambda cluster: cluster.patch_finalizers("cxoneusers", JANE, [], "7"),
    lambda cluster: cluster.event("cxoneusers", "CxoneUser", JANE, "Reason", "message"),
]


@pytest.mark.parametrize("write", WRITES, ids=["status", "finalizers", "event"])
async def test_a_closed_fence_lets_no_write_out(write: Callable[[ClusterClient], Awaitable[object]]) -> None:
    server = Server()
    cluster, seen = client(server, closed)
    with pytest.raises(asyncio.CancelledError):
        await write(cluster)
    assert (server.asked, seen) == ([], [])


async def test_a_write_says_whose_object_is_meant() -> None:
    """A namesake that was created since has another uid, and is left alone."""
    server = Server()
    cluster, seen = client(server)
    await cluster.patch_status("cxoneusers", JANE, {"active": True})
    await cluster.patch_finalizers("cxoneusers", JANE, ["cxone.dev/user"], "7")
    assert server.asked == [
        ("PATCH", f"{PATH}/status", {"metadata": {"uid": "uid-jane"}, "status": {"active": True}}),
        (
            "PATCH",
            PATH,
            {"metadata": {"uid": "uid-jane", "resourceVersion": "7", "finalizers": ["cxone.dev/user"]}},
        ),
    ]
    assert seen == [("cxoneusers", "200")] * 2


async def test_a_refused_write_is_counted_by_its_kind() -> None:
    cluster, seen = client(Server(Conflicted("somebody wrote first")))
    with pytest.raises(Conflicted):
        await cluster.patch_status("cxoneusers", JANE, {})
    assert seen == [("cxoneusers", "conflicted")]


async def test_an_event_that_cannot_be_written_stops_nobody() -> None:
    cluster, seen = client(Server(Conflicted("no")))
    await cluster.event("cxoneusers", "CxoneUser", JANE, "Reason", "message")
    assert seen == [("events", "conflicted")]


async def test_a_namesake_is_not_who_is_meant() -> None:
    cluster, _ = client(Server({"metadata": {"uid": "uid-another"}}))
    with pytest.raises(Gone):
        await cluster.get("cxoneusers", JANE)


async def test_what_is_no_text_in_a_secret_is_told_from_what_is_missing() -> None:
    cluster, _ = client(Server({"data": {"clientId": "ZGVtbw==", "blob": "/w=="}}))
    assert await cluster.secret("workforce", "cxone-credentials") == {"clientId": "demo", "blob": None}
