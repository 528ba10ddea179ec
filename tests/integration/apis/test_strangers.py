"""A first year with SCIM servers, most of them not written by this project: people join, move, marry and leave."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controlplane.plane import ControlPlane
from support.cxone import Employer
from support.operator import SharedOperators
from support.strangers import Account, Stranger, platform, scim2_server, scimmy, simulated
from support.waiting import eventually

_BARE = (
    *("--bulk-mode", "off", "--no-patch-supported", "--no-or-supported", "--no-member-filters", "--no-etags"),
    *("--cursor-paging", "forced", "--no-shows-user-groups", "--roles-form", "none", "--max-page-size", "7"),
)
SERVERS: dict[str, Callable[[Path], Stranger]] = {
    "scim2-server": scim2_server,
    "scimmy": scimmy,
    "Platform": platform,
    "RFC7644": simulated,
    "bare": lambda directory: simulated(directory, *_BARE),
}
GROUPS = ("Support-Team", "Sales-Team", "QA-Team")
NUMBER = int(os.environ.get("FIRST_YEAR_PEOPLE", "60"))
"""Of whom the stories are; more of them need more patience."""
KNOWN = 6
"""So many of them are there before."""
NAMES = [f"person-{number:03}" for number in range(NUMBER)]
SECONDS = 60.0 + NUMBER / 10


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stranger]:
    """One of them, with three groups and a few users."""
    if request.param == "scimmy" and shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    started = SERVERS[request.param](tmp_path)
    for group in GROUPS if request.param != "Platform" else ():
        started.make_group(group)
    for name in NAMES[:KNOWN]:
        started.make_user(f"{name}@example.com")
    yield started
    started.stop()


@pytest.fixture
def employer(
    control_plane: ControlPlane, shared_operators: SharedOperators, tmp_path: Path, server: Stranger
) -> Iterator[Employer]:
    """Somebody whose users are there."""
    operator, namespace = shared_operators.next()
    employer = Employer(control_plane, namespace, tmp_path / "employer", operator)
    employer.open_on({**server.spec, "safety": {**GUARD, "allowDelete": True}}, server.secret)
    yield employer
    employer.kube.vacate(namespace)
    employer.close()


GUARD = {"deprovisioning": {"maxPercent": 100, "maxUsers": 100000}}


def person(server: Stranger, name: str) -> Account:
    return server.people()[f"{name}@example.com"]


def requests(employer: Employer) -> float:
    """That the operator has made for this tenant."""
    lines = employer.operator.metrics().splitlines()
    ours = "cxone_operator_api_requests_total{code="
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(ours) and employer.namespace in line)


def all_ready(employer: Employer, *names: str) -> None:
    for name in names:
        employer.until_ready(name, SECONDS)


def test_a_first_year(server: Stranger, employer: Employer) -> None:
    """Whatever the server shows, it is what was declared; nobody is there twice, and nobody is left active."""
    declared = {name: {"role": None, "groups": [GROUPS[number % 3]]} for number, name in enumerate(NAMES)}
    for name in NAMES:
        employer.create(name, **declared[name])
    all_ready(employer, *NAMES)
    people = server.people()
    assert people.keys() == {f"{name}@example.com" for name in NAMES}
    assert all(account.active for account in people.values())
    wrong = {name for name in NAMES if people[f"{name}@example.com"].groups != set(declared[name]["groups"])}
    assert wrong == set()
    assert "spec.license" not in str(employer.tenant()["status"].get("findings"))

    movers = NAMES[::2]
    for name in movers:
        employer.change(name, groups=["Sales-Team", "QA-Team"], displayName=f"The {name}")
    all_ready(employer, *movers)
    people = server.people()
    assert {people[f"{name}@example.com"].groups for name in movers} == {frozenset({"Sales-Team", "QA-Team"})}
    assert person(server, movers[0]).display_name == f"The {movers[0]}"

    server.change("person-001@example.com", active=False)
    employer.compare_now("person-001")
    eventually(lambda: person(server, "person-001").active)

    account = person(server, "person-002").id
    employer.change("person-002", userName="married@example.com")
    all_ready(employer, "person-002")
    assert person(server, "married").id == account
    assert "person-002@example.com" not in server.people()

    employer.create("lost", role=None, groups=["Support-Taem"])
    assert "did you mean 'Support-Team'?" in employer.until_reason("lost", "GroupNotFound")
    assert "lost@example.com" not in server.people()
    employer.change("lost", groups=["Support-Team"])
    all_ready(employer, "lost")
    assert person(server, "lost").groups == {"Support-Team"}

    leavers = NAMES[10 : NUMBER // 2 + 10]
    employer.leave(*leavers)
    all_ready(employer, *leavers)
    people = server.people()
    assert [name for name in leavers if people[f"{name}@example.com"].active] == []
    employer.change("person-010", active=True)
    all_ready(employer, "person-010")
    assert person(server, "person-010").active

    seats = sum(account.active for account in server.people().values())
    eventually(lambda: "unconfirmedUntil" not in employer.tenant()["status"])  # else deletions wait for that, too
    employer.change_tenant(license={"mode": "CountUsers", "limit": seats})
    employer.create("late", role=None, groups=["QA-Team"])
    assert f"all {seats} seats" in employer.until_reason("late", "LicenseUnavailable", SECONDS)
    assert "late@example.com" not in server.people()
    employer.leave("person-010")
    all_ready(employer, "late")
    assert sum(account.active for account in server.people().values()) == seats

    employer.delete(*NAMES[-10:])
    employer.until_gone(*NAMES[-10:])
    people = server.people()
    assert [name for name in NAMES[-10:] if people[f"{name}@example.com"].active] == []
    employer.change(NAMES[-11], deletionPolicy="Delete")
    employer.delete(NAMES[-11])
    eventually(lambda: employer.is_gone(NAMES[-11]), SECONDS)  # an earlier connection may have left a request
    assert f"{NAMES[-11]}@example.com" not in server.people()
    print(f"{requests(employer) / NUMBER:.2f} requests for each of {NUMBER} people")  # noqa: T201 (pytest -rP shows it)
