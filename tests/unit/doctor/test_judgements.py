"""What is made of what was seen: clocks, limits, Leases, names, scopes, errors of a connection."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest

from cxone_operator.api.tenant import Defaults, Network
from cxone_operator.core.users import RemoteUser, UserState
from cxone_operator.doctor import address, leases, names
from cxone_operator.doctor.hearing import Heard, judge_clock, judge_rate, per_minute
from cxone_operator.doctor.leases import Office, office_of
from cxone_operator.doctor.remote import judge_scopes
from cxone_operator.doctor.rights import judge as judge_rights
from cxone_operator.doctor.rights import needed
from unit.builders import a_user

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def heard(*, skew: float | None = 0.0, took: float = 0.1, limit: float | None = None, status: int = 200) -> Heard:
    """An answer that came now."""
    asked = NOW - timedelta(seconds=took)
    told = NOW - timedelta(seconds=took / 2) + timedelta(seconds=skew) if skew is not None else None
    return Heard(status, "GET", asked, NOW, told, limit)


@pytest.mark.parametrize(
    ("headers", "limit"),
    [
        ({}, None),
        ({"RateLimit-Policy": '"default";q=100;w=60'}, 100),
        ({"RateLimit-Policy": '"burst";q=10;w=1, "hour";q=1800;w=3600'}, 30),
        ({"RateLimit-Limit": "10, 100;w=60"}, 100),
        ({"X-RateLimit-Limit-Minute": "50"}, 50),
        ({"X-RateLimit-Limit": "5000"}, None),
        ({"RateLimit-Policy": '"default";q=1;w=0'}, None),
        ({"RateLimit-Policy": "soon"}, None),
    ],
)
def test_limits_in_headers(headers: dict[str, str], limit: float | None) -> None:
    """A limit without its time says nothing."""
    assert per_minute(headers) == limit


def test_rates() -> None:
    """Above the server's, below it, unknown, and a refusal."""
    assert judge_rate([heard(limit=60), heard(limit=90)], 100).remedy.endswith("to 60 or less")
    assert judge_rate([heard(limit=100)], 100).outcome.value == "ok"
    assert judge_rate([], 100).outcome.value == "ok"
    assert judge_rate([heard(status=429)], 100).outcome.value == "warning"


def test_clocks() -> None:
    """By the quickest answer; some seconds do not matter."""
    assert judge_clock([heard(skew=20)]).outcome.value == "ok"
    late = judge_clock([heard(skew=-90, took=0.1), heard(skew=0, took=20)])
    assert "is 90 s behind" in late.seen
    assert judge_clock([heard(skew=None)]).outcome.value == "skipped"


def office(where: str, *watched: str, holder: str = "pod_1", age: float = 1.0) -> Office:
    """A Lease that was renewed so many seconds ago."""
    return Office(where, holder, NOW - timedelta(seconds=age), timedelta(seconds=8), frozenset(watched))


@pytest.mark.parametrize(
    ("offices", "outcome"),
    [
        ([], "warning"),
        ([office("a/x", "*")], "ok"),
        ([office("a/x", "workforce", "other")], "ok"),
        ([office("a/x", "other")], "warning"),
        ([office("a/x", "*", holder="")], "warning"),
        ([office("a/x", "*", age=600)], "warning"),
        ([office("a/x", "*"), office("b/x", "workforce")], "failed"),
        ([office("a/x", "*"), office("b/x", "other")], "ok"),
        ([office("a/x", "*"), office("b/x", "*", age=600)], "ok"),
    ],
)
def test_operators(offices: list[Office], outcome: str) -> None:
    """One that lives and watches the namespace, and not more."""
    assert leases.judge(offices, "workforce", NOW).outcome.value == outcome


def test_a_lease_that_lacks_everything_is_held_by_nobody() -> None:
    """It is whatever somebody has stored."""
    assert not office_of({}).is_held(NOW)
    odd = {"renewTime": "soon", "leaseDurationSeconds": "x", "holderIdentity": "a"}
    assert not office_of({"spec": odd}).is_held(NOW)


def account(*, roles: tuple[str, ...], displays: tuple[tuple[str, str], ...] = ()) -> RemoteUser:
    return RemoteUser("1", UserState("x@example.com", "X", "Y", True, roles=roles, displays=displays))


def test_names_that_nobody_has() -> None:
    """Certain where all are told, a guess where some were seen; an id counts as its name."""
    known = names.Known()
    names.learn({"roles": known}, account(roles=("r1", "Agent"), displays=(("r1", "Supervisor"),)))
    wanted = {"agent": ["a"], "Supervisor": ["b"], "Agnet": ["c", "d", "e", "f"], "Wizard": ["g"]}
    seen = names.judge("roles", wanted, known, whole=True)
    assert [(check.outcome.value, check.remedy) for check in seen] == [
        ("warning", "did you mean 'Agent'?"),
        ("warning", "make it in CXone, or correct the resources"),
    ]
    assert "(c, d, e and 1 more)" in seen[0].seen
    assert len(names.judge("roles", wanted, known, whole=False)) == 1
    known.told = True
    assert {check.outcome.value for check in names.judge("roles", wanted, known, whole=False)} == {"failed"}
    assert names.judge("roles", {}, known, whole=True)[0].outcome.value == "ok"
    assert names.judge("groups", wanted, names.Known(), whole=True)[0].outcome.value == "skipped"


def test_only_who_stays_asks_for_names() -> None:
    """With what the tenant says for all."""
    users = [a_user("a", groups=None), a_user("b", active=False, role="Gone", groups=None)]
    assert names.declared(users, Defaults(groups=("All",)), "groups") == {"All": ["spec.defaults", "a"]}
    assert names.declared([], Defaults(role="Agent"), "roles") == {"Agent": ["spec.defaults"]}
    assert "Gone" not in names.declared(users, Defaults(), "roles")


@pytest.mark.parametrize(
    ("granted", "forgotten", "failed"),
    [
        (None, set(), set()),
        (frozenset({"A", "B"}), set(), set()),
        (frozenset({"A"}), set(), {"scope B"}),
        (frozenset({"A", "B"}), {"C"}, {"scope C"}),
        (frozenset({"A", "B", "C"}), {"C"}, set()),
        (None, {"C"}, {"scope C"}),
    ],
)
def test_scopes(granted: frozenset[str] | None, forgotten: set[str], failed: set[str]) -> None:
    """Who says nothing has given all (RFC 6749 section 5.1)."""
    lines = judge_scopes(["A", "B"], forgotten, granted)
    assert {line.name for line in lines if line.outcome.value == "failed"} == failed
    assert judge_scopes([], {"C"}, None)[0].outcome.value == "ok"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), "has no address"),
        (ssl.SSLError(1, "wrong version"), "does not speak TLS"),
        (TimeoutError(), "does not answer within 5 s"),
        (ConnectionRefusedError(111, "refused"), "nothing listens"),
        (OSError(101, "Network is unreachable"), "Network is unreachable"),
    ],
)
def test_errors_of_a_connection(error: OSError, said: str) -> None:
    """Each is another mistake."""
    check = address.explained("cxone.example.com", 443, error)
    assert (check.outcome.value, said in check.seen, bool(check.remedy)) == ("failed", True, True)


@pytest.mark.parametrize(
    "url", ["https://", "cxone.example.com", "https://x:port", "ftp://x", "https://[::1", f"https://{'x' * 70}.com"]
)
async def test_what_is_no_address(url: str) -> None:
    """The API server refuses most of it; the environment takes everything."""
    (check,) = await address.look(url)
    assert (check.outcome.value, "is no address" in check.seen) == ("failed", True)


@pytest.mark.parametrize(
    ("environ", "own", "told"),
    [
        ({}, None, "none"),
        ({"HTTPS_PROXY": "http://p:3128"}, None, "p:3128, of the environment here"),
        ({"https_proxy": "http://p:3128", "no_proxy": ".example.com"}, None, "none"),
        ({"all_proxy": "http://p:3128"}, None, "p:3128, of the environment here"),
        ({"http_proxy": "http://p:3128"}, None, "none"),
        ({"https_proxy": "http://p:3128"}, "http://own:8080", "own:8080, of spec.network.proxyURL"),
    ],
)
def test_proxies(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], own: str | None, told: str) -> None:
    """The tenant's own one, or one that is meant for this address."""
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    check = address.judge_proxy("https://cxone.example.com", Network(own))
    assert (check.outcome.value, check.seen.startswith(told)) == ("ok", True)


def test_rights() -> None:
    """What is lacking is said once for each thing, with all verbs; and once where nothing is there."""
    rights = needed("workforce", "cxone", "cxone-system")
    lacking = [right for right in rights if right.resource == "cxoneusers"]
    (line,) = judge_rights("x", lacking, len(rights))
    assert line.seen == "x may not get, list, watch, patch cxoneusers in workforce"
    assert len(judge_rights("x", rights[1:], len(rights))) == 8
    (line,) = judge_rights("x", rights, len(rights))
    assert line.seen == "x has none of the rights of the operator"
    assert judge_rights("x", [], len(rights))[0].outcome.value == "ok"
