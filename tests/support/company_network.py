"""A company's network: a proxy that all must go through, and a CXone whose certificate only the company trusts."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from e2e.authority import Authority

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
_CHUNK = 1 << 16
_CLOSING_SECONDS = 0.1
"""Connections close in turns of the loop after they were told to."""


def shake_hands(trusting: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """With a server that is called `localhost` and has this certificate; raises SSLError."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server, server_hostname="localhost")
    server = serving.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()


@contextlib.contextmanager
def served(serve: Serve, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on a thread of its own; its port."""
    begun: queue.Queue[tuple[int, Callable[[], object]]] = queue.Queue()

    async def run() -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as server:
            port = server.sockets[0].getsockname()[1]
            begun.put((port, lambda: loop.call_soon_threadsafe(ended.set)))
            await ended.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(_CLOSING_SECONDS)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    port, end = begun.get(timeout=10)
    try:
        yield port
    finally:
        end()
        thread.join(10)


@contextlib.contextmanager
def https_of(url: str, authority: Authority, *, wants_client: bool = False) -> Iterator[str]:
    """The same server with TLS before it; `wants_client`: only for whoever shows a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("localhost"))
    if wants_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.certificate)
    parts = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _join(reader, writer, str(parts.hostname), int(parts.port or 80))

    with served(serve, context) as port:
        yield f"https://localhost:{port}"


class Proxy:
    """A forwarding proxy, as RFC 9110 section 9.3.6 has it for TLS, and for plain HTTP by whole addresses."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """Where it was asked to connect to."""
        self.refuses = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b" ", 2)
        address = target.decode() if method == b"CONNECT" else urlsplit(target.decode()).netloc
        self.asked.append(address)
        if self.refuses:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        host, _, port = address.rpartition(":")
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await _join(reader, writer, host, int(port))
        else:
            path = target.decode().partition(address)[2].encode()
            await _join(reader, writer, host, int(port), head.replace(target, path, 1))


@contextlib.contextmanager
def proxy() -> Iterator[tuple[str, Proxy]]:
    """Its URL, and itself."""
    found = Proxy()
    with served(found.serve) as port:
        yield f"http://127.0.0.1:{port}", found


async def _join(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, first: bytes = b""
) -> None:
    there_reader, there_writer = await asyncio.open_connection(host, port)
    there_writer.write(first)
    try:
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))
    finally:
        there_writer.close()
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
