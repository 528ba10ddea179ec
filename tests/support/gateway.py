"""What stands in the place of CXone: a gateway that has headers of its own, or a port where nobody answers."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_HOPS = ("connection", "transfer-encoding", "content-length", "server", "date")


@contextmanager
def gateway(target: str, headers: Mapping[str, str], status: int | None = None) -> Iterator[str]:
    """Its base URL; `status` is what it answers by itself instead of passing anything on."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            """One request."""
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            code, told, body = (status, [], b"") if status else self.passed_on(content)
            self.send_response_only(code)
            for name, value in [*told, *headers.items(), ("Content-Length", str(len(body)))]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = handle_any  # noqa: N815 - names of the base class

        def passed_on(self, content: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            """The answer of the server behind."""
            connection = http.client.HTTPConnection(urlsplit(target).netloc, timeout=20)
            try:
                asked = {name: value for name, value in self.headers.items() if name.lower() not in (*_HOPS, "host")}
                connection.request(self.command, self.path, content, asked)
                answer = connection.getresponse()
                told = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOPS]
                return answer.status, told, answer.read()
            finally:
                connection.close()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def listener(accepts: bool) -> Iterator[int]:
    """A port where somebody listens and says nothing, or where nobody does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not accepts:
            server.close()
        yield port
