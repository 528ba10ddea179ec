"""The way to CXone: the name of its host, a proxy that somebody has set, the connection, the certificate."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

from yarl import URL

from cxone_operator.api.tenant import Network
from cxone_operator.doctor.check import Check, failed, ok, warning
from cxone_operator.scim.network import proxy_of

ADDRESS = "address"
PROXY = "proxy"
_SECONDS = 5.0
"""A handshake takes a tenth of that from the other side of the world."""
_PORTS = {"https": 443, "http": 80}
_LOCAL = ("localhost", "127.0.0.1", "::1")
_NO_ADDRESS = failed(ADDRESS, "spec.baseURL is no address", "write https:// and the name of a host")
_OUT = "let the operator out to it: NetworkPolicy cxone-operator, firewalls"


async def look_through(proxy: str) -> Sequence[Check]:
    """One connection to the proxy is made; the token tells whether it lets through."""
    host, port = URL(proxy).host or "", URL(proxy).port or 0
    try:
        async with asyncio.timeout(_SECONDS):
            await _connect(host, port, None)
    except OSError as error:
        why = "does not answer" if isinstance(error, TimeoutError) else error.strerror or str(error)
        text = f"the proxy {host}:{port} cannot be reached: {why}"
        return [failed(ADDRESS, text, "correct spec.network.proxyURL, or HTTPS_PROXY and NO_PROXY")]
    return [ok(ADDRESS, f"the proxy {host}:{port} answers")]


async def look(base_url: str, tls: ssl.SSLContext | None = None) -> Sequence[Check]:
    """One connection is made, and nothing is sent; `tls` is the tenant's own."""
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
        if not host or port is None:
            return [_NO_ADDRESS]
        async with asyncio.timeout(_SECONDS):
            trusted = tls if tls is not None else ssl.create_default_context()
            await _connect(host, port, trusted if parts.scheme == "https" else None)
    except OSError as error:
        return [explained(host or "", port or 0, error)]
    except ValueError:  # a port that is no number, an IPv6 address that is not closed, a name that IDNA does not have
        return [_NO_ADDRESS]
    if parts.scheme == "http" and host not in _LOCAL:
        return [warning(ADDRESS, f"{host} is asked without TLS: credentials can be read on the way", "write https://")]
    return [ok(ADDRESS, f"{host}:{port} answers" + (", and its certificate is good" * (parts.scheme == "https")))]


def explained(host: str, port: int, error: OSError) -> Check:
    """What an error of the connection means; TimeoutError is one of them."""
    match error:
        case socket.gaierror():
            return failed(ADDRESS, f"{host} has no address ({error.strerror})", "correct spec.baseURL, or DNS here")
        case ssl.SSLCertVerificationError():
            text = f"the certificate of {host} is not trusted: {error.verify_message}"
            return failed(ADDRESS, text, _certificate(error))
        case ssl.SSLError():
            text = f"{host}:{port} does not speak TLS ({error.strerror or 'it hung up'})"
            return failed(ADDRESS, text, "correct the port in spec.baseURL, or what stands before CXone")
        case TimeoutError():
            return failed(ADDRESS, f"{host}:{port} does not answer within {_SECONDS:.0f} s", _OUT)
        case ConnectionRefusedError():
            return failed(ADDRESS, f"nothing listens at {host}:{port}", f"correct spec.baseURL, or {_OUT}")
        case _:
            return failed(ADDRESS, f"{host}:{port} cannot be reached: {error.strerror or error}", _OUT)


def judge_proxy(base_url: str, network: Network) -> Check:
    """Which one the requests go through; what the environment says here, it must say to the operator as well."""
    try:
        proxy = proxy_of(network.proxy_url, URL(base_url))
    except ValueError:
        return ok(PROXY, "none")
    if proxy is None:
        return ok(PROXY, "none: CXone is asked straight")
    whose = "spec.network.proxyURL" if network.proxy_url else "the environment here; the operator needs it in its own"
    return ok(PROXY, f"{URL(proxy).host}:{URL(proxy).port}, of {whose}")


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    if "hostname" in error.verify_message.lower() or "ip address" in error.verify_message.lower():
        return "write the name in spec.baseURL that the certificate is for"
    if "expired" in error.verify_message:
        return "ask whoever runs the host for a new certificate, or correct the clock of this machine"
    return "give its authority by spec.network.caSecretRef, or by SSL_CERT_FILE where the operator runs"


async def _connect(host: str, port: int, tls: ssl.SSLContext | None) -> None:
    _, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname=host if tls else None)
    writer.transport.abort()
