"""A reverse proxy that does to the operator what networks, servers and machines do.

One for the API server and one for CXone. Each request has a step's name; a fault waits for the k-th request of its
step and then strikes once: before the request is passed on, or after the server has answered.
"""

from __future__ import annotations

import asyncio
import selectors
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
from aiohttp import web

from chaos.processes.steps import Seen, gets_lease, step_of

Action = Literal["kill", "freeze", "cut", "status", "truncate", "delay", "gone"]
"""kill: SIGKILL. freeze: SIGSTOP, and SIGCONT some time later. cut: the connection breaks. status: the proxy answers
`status` itself. truncate: half of the body. delay: `seconds` late. gone: a watch learns that its version is too old."""
_HOP_HEADERS = frozenset(
    {"connection", "transfer-encoding", "content-length", "content-encoding", "keep-alive", "host"}
)

_GOODBYE_SECONDS = 5.0
"""A server that is frozen does not answer at all."""


@dataclass
class Fault:
    """What goes wrong, and when."""

    step: str
    action: Action
    before: bool
    at: int = 1
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 1.0
    struck: bool = False

    def __str__(self) -> str:
        side = "before" if self.before else "after"
        return f"{self.action}{self.status if self.action == 'status' else ''} {side} {self.step} #{self.at}"


class Proxy:
    """Stands in front of one server; runs in a thread of its own."""

    def __init__(
        self,
        target: str,
        steps: Mapping[str, Callable[[Seen], bool]],
        hurt: Callable[[Fault], None],
        sender: Callable[[int, int], int],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.faults: list[Fault] = []
        self.counts: Counter[str] = Counter()
        self.senders: list[tuple[str, int]] = []
        """(step, number of the operator that sent it) of each request, in order."""
        self.leaders: list[int] = []
        """Numbers of the operators that got the Lease, in order."""
        self.url = ""
        self._target = target.rstrip("/")
        self._steps = steps
        self._hurt = hurt
        self._sender = sender
        self._tls = tls
        self._ready = threading.Event()
        self._sockets = selectors.DefaultSelector()
        self._loop = asyncio.SelectorEventLoop(self._sockets)
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait(10)

    def close(self) -> None:
        """End, with all that is under way."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def cut_watches(self) -> None:
        """Break every stream."""
        for task in list(self._streams):
            self._loop.call_soon_threadsafe(task.cancel)

    def _run(self) -> None:
        self._streams: set[asyncio.Task[object]] = set()
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())
            self._hang_up(runner)

    def _hang_up(self, runner: asyncio.Runner) -> None:
        """TLS says goodbye and waits for an answer; a socket that is left open would be blamed on the next test."""
        deadline = time.monotonic() + _GOODBYE_SECONDS
        while len(self._sockets.get_map()) > 1 and time.monotonic() < deadline:  # one is the loop's own
            runner.run(asyncio.sleep(0.005))

    async def _serve(self) -> None:
        connector = aiohttp.TCPConnector(limit=0, ssl=self._tls if self._tls is not None else True)
        timeout = aiohttp.ClientTimeout(total=None, connect=10)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
            self._session = session
            app = web.Application(client_max_size=2**26)
            app.router.add_route("*", "/{path:.*}", self._handle)
            runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self._ready.set()
            await self._over.wait()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(request.method, request.path, request.query, await request.read())
        step = step_of(seen, self._steps)
        self.counts[step] += 1
        sender = self._sender(_port(request, "peername"), _port(request, "sockname"))
        self.senders.append((step, sender))
        fault = self._fault(step)
        if fault is not None and (fault.before or step == "watch"):
            answer = await self._strike(fault, request, None)
            if answer is not None:
                return answer
        if step == "watch":
            return await self._stream(request)
        answer = await self._forward(request, seen.body)
        if gets_lease(seen) and answer.status < 300 and sender not in self.leaders:
            self.leaders.append(sender)
        if fault is not None and not fault.before:
            return await self._strike(fault, request, answer) or answer
        return answer

    def _fault(self, step: str) -> Fault | None:
        for fault in self.faults:
            if fault.step == step and not fault.struck:
                fault.at -= 1
                if fault.at <= 0:
                    fault.struck = True
                    return fault
        return None

    async def _strike(self, fault: Fault, request: web.Request, answer: web.Response | None) -> web.Response | None:
        """What the operator gets instead; None where it gets what it would have got."""
        match fault.action:
            case "kill" | "freeze":
                await asyncio.to_thread(self._hurt, fault)
                return self._cut(request) if fault.action == "kill" else None
            case "cut":
                return self._cut(request)
            case "status":
                return web.json_response({"detail": "chaos"}, status=fault.status, headers=fault.headers)
            case "truncate" if answer is not None and isinstance(answer.body, bytes):
                return web.Response(status=answer.status, body=answer.body[: len(answer.body) // 2])
            case "gone":
                body = '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n'
                return web.Response(text=body, content_type="application/json")
            case "delay":
                await asyncio.sleep(fault.seconds)
        return None

    def _cut(self, request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        try:
            async with self._session.request(
                request.method,
                self._target + request.raw_path,
                data=body or None,
                headers=_passed(request.headers),
                skip_auto_headers=("Content-Type",),
            ) as answer:
                return web.Response(status=answer.status, body=await answer.read(), headers=_passed(answer.headers))
        except aiohttp.ClientError:
            return self._cut(request)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        """A watch: passed on line by line until one side ends it, or somebody cuts it."""
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            async with self._session.get(self._target + request.raw_path, headers=_passed(request.headers)) as answer:
                response = web.StreamResponse(status=answer.status, headers=_passed(answer.headers))
                await response.prepare(request)
                async for chunk in answer.content.iter_any():
                    await response.write(chunk)
                return response
        except (aiohttp.ClientError, ConnectionResetError, asyncio.CancelledError):
            return self._cut(request)
        finally:
            self._streams.discard(task)


def _port(request: web.Request, end: str) -> int:
    """Of one end of the connection; 0 where it is closed."""
    address = request.transport.get_extra_info(end) if request.transport is not None else None
    return int(address[1]) if address else 0


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP_HEADERS}
