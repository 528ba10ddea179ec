"""The way to CXone: the name of its host, a proxy that somebody has set, the connection, the certificate."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from cxone_operator.doctor.check import Check, failed, ok, warning

ADDRESS = "address"
_SECONDS = 5.0
"""A handshake takes a tenth of that from the other side of the world."""
_PORTS = {"https": 443, "http": 80}
_LOCAL = ("localhost", "127.0.0.1", "::1")
_NO_ADDRESS = failed(ADDRESS, "spec.baseURL is no address", "write https:// and the name of a host")
_OUT = "let the operator out to it: NetworkPolicy cxone-operator, firewalls"


async def look(base_url: str) -> Sequence[Check]:
    """One connection is made, and nothing is sent."""
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme)
        if not host or port is None:
            return [_NO_ADDRESS]
        async with asyncio.timeout(_SECONDS):
            await _connect(host, port, tls=parts.scheme == "https")
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


def judge_proxy(base_url: str, environ: Mapping[str, str]) -> Check:
    """The operator connects directly, whatever the environment says; so a variable there is a mistake of somebody."""
    scheme = base_url.partition(":")[0].lower()
    names = [name for name in (f"{scheme}_proxy", "all_proxy") for name in (name, name.upper()) if environ.get(name)]
    if not names:
        return ok("proxy", "none is set here, and none would be used")
    text = f"{names[0]} is set here, and the operator does not use it: it connects directly"
    return warning("proxy", text, f"{_OUT}; or put a proxy before CXone that needs no settings")


def _certificate(error: ssl.SSLCertVerificationError) -> str:
    if "hostname" in error.verify_message.lower() or "ip address" in error.verify_message.lower():
        return "write the name in spec.baseURL that the certificate is for"
    if "expired" in error.verify_message:
        return "ask whoever runs the host for a new certificate, or correct the clock of this machine"
    return "name a file with its authority in SSL_CERT_FILE where the operator runs, or correct spec.baseURL"


async def _connect(host: str, port: int, *, tls: bool) -> None:
    context = ssl.create_default_context() if tls else None
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host if tls else None)
    writer.transport.abort()
