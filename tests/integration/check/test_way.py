"""The way to CXone: names, ports, certificates, proxies."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from support.doctor import Open
from support.gateway import gateway, listener
from support.tls import tls_server

LIMIT_SECONDS = 30.0
"""No check takes longer, whatever hangs."""


def test_a_host_without_an_address(open_company: Open) -> None:
    """Skipped is what comes after it."""
    _, doctor = open_company(baseURL="https://cxone.invalid")
    lines = doctor.lines()
    assert lines["address"][0][0] == "failed"
    assert "cxone.invalid has no address" in lines["address"][0][1]
    assert lines["token"] == [("skipped", "because of: address -> ")]


def test_nobody_listens(open_company: Open) -> None:
    """A port that is closed."""
    with listener(accepts=False) as port:
        _, doctor = open_company(baseURL=f"http://127.0.0.1:{port}")
        outcome, text = doctor.line("address")
    assert (outcome, "nothing listens" in text) == ("failed", True)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_host_that_hangs(open_company: Open, scheme: str) -> None:
    """In the handshake, or at the first request: nobody waits for long."""
    with listener(accepts=True) as port:
        _, doctor = open_company(baseURL=f"{scheme}://127.0.0.1:{port}")
        began = time.monotonic()
        lines = doctor.lines()
    assert time.monotonic() - began < LIMIT_SECONDS
    failed = lines["address" if scheme == "https" else "token"][0]
    assert failed[0] == "failed"
    assert "5 s" in failed[1] or "8 s" in failed[1]


def test_a_certificate_that_nobody_trusts(open_company: Open, tmp_path: Path) -> None:
    """Its authority has to be named; then it is good."""
    with tls_server(tmp_path) as (port, certificate):
        _, doctor = open_company(baseURL=f"https://localhost:{port}")
        outcome, text = doctor.line("address")
        assert (outcome, "is not trusted: self" in text, "SSL_CERT_FILE" in text) == ("failed", True, True)
        assert doctor.line("address", SSL_CERT_FILE=str(certificate))[0] == "ok"


def test_a_certificate_of_another_host(open_company: Open, tmp_path: Path) -> None:
    """The name in the address is not the one in the certificate."""
    with tls_server(tmp_path) as (port, certificate):
        _, doctor = open_company(baseURL=f"https://127.0.0.1:{port}")
        outcome, text = doctor.line("address", SSL_CERT_FILE=str(certificate))
    assert (outcome, "the certificate is for" in text) == ("failed", True)


def test_https_to_a_server_without_it(open_company: Open) -> None:
    """As of a wrong port."""
    company, doctor = open_company()
    company.change_tenant(baseURL=company.simulator.url.replace("http:", "https:"))
    outcome, text = doctor.line("address")
    assert (outcome, "does not speak TLS" in text) == ("failed", True)


def test_a_proxy_that_somebody_has_set(open_company: Open) -> None:
    """It is used, so it must be there."""
    _, doctor = open_company()
    outcome, text = doctor.line("proxy", http_proxy="http://127.0.0.1:1")
    assert (outcome, "127.0.0.1:1, of the environment here" in text) == ("ok", True)
    outcome, text = doctor.line("address", http_proxy="http://127.0.0.1:1")
    assert (outcome, "the proxy 127.0.0.1:1 cannot be reached" in text) == ("failed", True)
    assert doctor.line("users", http_proxy="http://127.0.0.1:1", no_proxy="127.0.0.1")[0] == "ok"


def test_a_proxy_that_wants_a_password(open_company: Open) -> None:
    """It stands in the way, and answers in the place of CXone."""
    company, doctor = open_company()
    with gateway(company.simulator.url, {"Proxy-Authenticate": "Basic"}, 407) as url:
        company.change_tenant(baseURL=url)
        outcome, text = doctor.line("token")
    assert (outcome, "spec.network.proxyURL" in text) == ("failed", True)


@pytest.mark.parametrize(("habit", "remedy"), [("html", "a login page answers"), ("redirects", "correct spec.baseURL")])
def test_something_else_answers(open_company: Open, habit: str, remedy: str) -> None:
    """A page for people, or a way elsewhere."""
    company, doctor = open_company()
    company.simulator.send("PATCH", "habits", {habit: True})
    outcome, text = doctor.line("users")
    assert (outcome, remedy in text) == ("failed", True), text
