"""Where the commands listen: on one address, or on all of both families."""

from __future__ import annotations

import socket

import aiohttp
import click
import pytest

from cxone_operator.cli.options import address
from cxone_operator.cli.processes.site import Site
from support.ports import lasting_port


@pytest.mark.parametrize(
    ("listen", "in_cluster", "expected"),
    [
        (None, False, ("127.0.0.1", 8081)),
        (None, True, ("", 8081)),
        (":9000", False, ("", 9000)),
        ("127.0.0.1:9000", True, ("127.0.0.1", 9000)),
        ("[::1]:9000", False, ("::1", 9000)),
        ("localhost:0", False, ("localhost", 0)),
    ],
)
def test_what_an_address_means(
    monkeypatch: pytest.MonkeyPatch, listen: str | None, in_cluster: bool, expected: tuple[str, int]
) -> None:
    """A host that is left out is every one, as other programs have it."""
    if in_cluster:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    else:
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert address(listen, 8081, "--listen") == expected


@pytest.mark.parametrize("listen", ["8081", "localhost", "localhost:http", ":65536", ""])
def test_what_is_no_address(listen: str) -> None:
    with pytest.raises(click.BadParameter, match="HOST:PORT"):
        address(listen, 8081, "--listen")


async def test_all_addresses_are_of_both_families() -> None:
    """A pod of a cluster that has IPv6 only is probed there."""
    site, port = Site(lambda: None, lambda: None, lambda: None), lasting_port()
    await site.start("", port)
    hosts = ["127.0.0.1", *(["[::1]"] if socket.has_dualstack_ipv6() else [])]
    try:
        async with aiohttp.ClientSession() as session:
            for host in hosts:
                async with session.get(f"http://{host}:{port}/healthz") as answer:
                    assert answer.status == 200
    finally:
        await site.stop()
