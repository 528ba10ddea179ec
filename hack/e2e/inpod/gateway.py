"""TLS before a server that has none: all that comes to 8443 is passed on. Arguments: host and port of that server."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys

_CHUNK = 1 << 16


async def serve(host: str, port: str) -> None:
    """Until it is ended."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain("/certificate/tls.crt", "/certificate/tls.key")

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))

    async with await asyncio.start_server(join, None, 8443, ssl=tls) as server:
        await server.serve_forever()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
