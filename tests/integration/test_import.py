"""An existing tenant is taken over: its users are imported and applied, and nothing happens to anybody in CXone."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from controlplane.plane import ControlPlane
from cxone_operator.core.users import RemoteUser
from cxone_operator.importing.accounts import candidates
from cxone_operator.importing.choosing import Tenant, Wish, choose
from cxone_operator.importing.manifest import as_yaml, manifest
from cxone_operator.importing.naming import with_names
from cxone_operator.importing.person import Person
from support.cxone import Company
from support.importing import apply, import_users, run
from support.kube import Kube
from support.waiting import eventually
from unit.builders import a_tenant
from unit.importing.accounts import many

PEOPLE = int(os.environ.get("IMPORT_PEOPLE", "600"))
"""Of the large tenant; 10,000 take minutes."""
SECONDS = 60.0 + PEOPLE / 20
PAGE = 500
PAGE_OF_HOW = Path(__file__).parents[2] / "docs" / "how-to" / "adopt-a-tenant.md"
_TEAM = "urn:ietf:params:scim:schemas:extension:nice:2.0:User"
ODD: dict[str, dict[str, Any]] = {
    "jane@example.com": {},
    "Ann.Lee@Example.com": {"active": False, "roles": [{"value": "Supervisor"}]},
    "élodie@bücher.example": {"name": {"givenName": "Élodie", "familyName": "Çelik"}, "displayName": "Élo 🎧"},
    "nameless@example.com": {"name": None},
    "half@example.com": {"name": {"givenName": "  Half "}},
    "moved@example.com": {"emails": [{"value": "x@example.org", "type": "home"}, {"value": "Y@b.c", "primary": True}]},
    "y@example.com": {"name": {"givenName": "Y", "familyName": "No"}, "externalId": "1e5", "displayName": "1:30"},
    "roles@example.com": {
        "roles": [{"value": "Supervisor"}, {"value": "Agent"}],
        "groups": [{"value": "Support-Team"}, {"value": "Sales-Team"}],
    },
    "full@example.com": {
        "roles": [{"value": "Agent"}],
        "groups": [{"value": "Sales-Team"}],
        "phoneNumbers": [{"value": "+14155550100", "type": "mobile"}, {"value": "tel:555-0100"}],
        "timezone": "Asia/Calcutta",
        "externalId": "E 17",
        _TEAM: {"team": {"value": "Alpha"}},
    },
    "long@example.com": {"displayName": "x" * 300},
}
"""Accounts that each have something of their own."""
TEXTS = [
    *(
        "y",
        "No",
        "on",
        "~",
        "null",
        "1e5",
        "0o17",
        "0x1F",
        "017",
        "1_0",
        "1:30",
        ".5",
        "+1",
        "-",
        "2026-01-01",
        "=",
        "<<",
    ),
    *(
        "!t",
        "&a",
        "*a",
        "{a}",
        "[a]",
        "a: b",
        "a #b",
        "# a",
        "? a",
        "%a",
        "@a",
        "`a`",
        "'a'",
        '"',
        "\\",
        "|",
        ">",
        "---",
    ),
    *("Zoë", "🎧", "a\tb", "a\nb", "a\u0085b", "a\u2028b", "a\u00a0b", "a\x7fb", "a\x01b", "a\ufeffb", "x" * 250),
]
LEFT = {
    "admin@example.com": "protected",
    "svc-backup@example.com": "protected",
    "operator": "no address",
    "unreachable@example.com": "no e-mail address that can be declared",
}


def make_everybody(company: Company) -> None:
    for user_name, attributes in ODD.items():
        company.make_outside(user_name, **attributes)
    for user_name in LEFT:
        company.make_outside(user_name)
    company.change_outside("unreachable@example.com", emails=[{"value": "nobody"}])


def open_without_operator(company: Company, **spec: Any) -> None:
    company.put_secret(company.secret)
    company.create_tenant(safety={"protectedUsers": ["admin@example.com", "svc-*"]}, **spec)


def ready(company: Company) -> int:
    return sum(
        any(c["type"] == "Ready" and c["status"] == "True" for c in body.get("status", {}).get("conditions", []))
        for body in company.users()
    )


def writes(company: Company) -> Counter[str]:
    """Requests that could change something, those for tokens left out."""
    found: Counter[str] = Counter()
    for route, codes in company.stats()["requests"].items():
        if not route.startswith("GET ") and "token" not in route:
            found[route] = sum(codes.values())
    return found


def commands(page: Path) -> list[str]:
    """What a page tells people to write, in order."""
    blocks = re.findall(r"^```console\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.timeout(200)
def test_the_page_tells_how(own_company: Company, tmp_path: Path) -> None:
    """Its commands, as written but for how many there are, leave CXone as it was."""
    make_everybody(own_company)
    own_company.open()
    before, said = own_company.journal(), {}
    tools = f"{Path(sys.executable).parent}:{own_company.plane.binaries.kubectl.parent}:{os.environ['PATH']}"
    for command in commands(PAGE_OF_HOW):
        here = command.replace("workforce", own_company.namespace).replace("=1000 ", f"={len(ODD)} ")
        words = ("bash", "-c", f"cd {tmp_path} && {here}")
        said[command] = run(own_company.plane, *words, PATH=tools).accepted().said
    assert "0 written" in said["cxone-operator import -n workforce"]
    assert writes(own_company) == Counter()
    assert own_company.journal() == before
    assert ready(own_company) == len(ODD)


@pytest.mark.timeout(200)
def test_an_existing_tenant_is_adopted(own_company: Company, tmp_path: Path) -> None:
    """As the how-to has it: import into a folder, apply the folder, start the operator."""
    make_everybody(own_company)
    open_without_operator(own_company)
    before, folder = own_company.journal(), str(tmp_path / "workforce")
    plane, namespace = own_company.plane, own_company.namespace
    ended = import_users(plane, namespace, "--layout", "by-group", "--output-dir", folder).accepted()
    assert ended.out == ""
    assert f"{len(ODD)} written" in ended.said
    assert "2 left out: protected" in ended.said
    assert "2 left out: that cannot be declared" in ended.said
    assert "  long@example.com: displayName" in ended.said
    apply(plane, namespace, "--recursive", "-f", folder).accepted()
    assert {body["spec"]["userName"] for body in own_company.users()} == set(ODD)
    own_company.serve()
    eventually(lambda: ready(own_company) == len(ODD), 60)
    assert writes(own_company) == Counter()
    assert own_company.journal() == before
    inactive = next(body for body in own_company.users() if body["spec"]["userName"] == "Ann.Lee@Example.com")
    assert inactive["status"]["active"] is False

    again = import_users(plane, namespace).accepted()
    assert again.resources == []
    assert f"{len(ODD)} left out: with a CxoneUser already" in again.said
    same = import_users(plane, namespace, "--all").accepted()
    assert {body["metadata"]["name"] for body in same.resources} == {
        body["metadata"]["name"] for body in own_company.users()
    }


def test_groups_that_hold_their_members_and_roles_by_ids(make_own_company: Callable[..., Company]) -> None:
    """A server of the standard: names of what it calls by ids, memberships from the groups."""
    company = make_own_company("--preset", "RFC7644", "--roles-form", "ids")
    for user_name, attributes in ODD.items():
        company.make_outside(user_name, **attributes)
    open_without_operator(company, api={"preset": "RFC7644", "roles": "Ids"}, defaults={"groups": ["Support-Team"]})
    before = company.journal()
    ended = import_users(company.plane, company.namespace).accepted()
    specs = {body["spec"]["userName"]: body["spec"] for body in ended.resources}
    assert specs["roles@example.com"]["role"] == "Supervisor"
    assert sorted(specs["roles@example.com"]["groups"]) == ["Sales-Team", "Support-Team"]
    assert specs["jane@example.com"]["groups"] == []
    apply(company.plane, company.namespace, resources=ended.out).accepted()
    company.serve()
    eventually(lambda: ready(company) == len(ODD), 60)
    assert writes(company) == Counter()
    assert company.journal() == before


def test_an_api_without_a_list(make_own_company: Callable[..., Company], tmp_path: Path) -> None:
    """It says what else there is: to ask for those whom a file names, which changes nobody either."""
    company = make_own_company("--preset", "UserHub", "--access-key-secret", "canary-key-secret")
    company.put_secret(company.secret, accessKeyId="demo-key", accessKeySecret="canary-key-secret")
    company.create_tenant(api={"preset": "UserHub"})
    refused = import_users(company.plane, company.namespace)
    assert (refused.code, refused.out) == (1, "")
    assert "no list of its users" in refused.said
    assert "--named-in" in refused.said

    there = [f"person-{number:02}@example.com" for number in range(45)]
    for number, user_name in enumerate(there):
        company.make_outside(user_name, active=number % 9 != 0)
    before, file = company.journal(), tmp_path / "people.csv"
    file.write_text("\n".join(["userName", "nobody@example.com", *there]))
    ended = import_users(company.plane, company.namespace, "--named-in", str(file)).accepted()
    assert [body["spec"]["userName"] for body in ended.resources] == there
    assert "1 have no account in CXone:\n  nobody@example.com\n" in ended.said
    apply(company.plane, company.namespace, resources=ended.out).accepted()
    company.serve()
    eventually(lambda: ready(company) == len(there), 60)
    assert writes(company) == Counter()
    assert company.journal() == before
    both = import_users(company.plane, company.namespace, "--named-in", str(file), "--from", str(file))
    assert (both.code, "choose one of them" in both.said) == (2, True)


@given(many())
@settings(max_examples=40)
def test_the_api_server_takes_whatever_is_written(control_plane: ControlPlane, accounts: list[RemoteUser]) -> None:
    """Nothing that a CRD refuses, also of accounts that are as odd as can be."""
    kube, context = Kube.administrator(control_plane), Tenant(a_tenant())
    people = choose(candidates(accounts, context), Wish(), context).people
    for name, person in with_names(people, (), ()):
        (body,) = yaml.safe_load_all(as_yaml(manifest(person, name, "default", "default")))
        path = "/apis/cxone.dev/v1alpha1/namespaces/default/cxoneusers?dryRun=All&fieldValidation=Strict"
        kube.request("POST", path, body).accepted()


def test_kubectl_reads_what_was_written(control_plane: ControlPlane) -> None:
    """Every text, whatever its reader of YAML takes for a number, a truth or a sign."""
    people = [Person({"userName": f"p{number:02}@x.com", "displayName": text}) for number, text in enumerate(TEXTS)]
    written = "".join(as_yaml(manifest(person, f"p{number:02}", None, "t")) for number, person in enumerate(people))
    kubectl = (str(control_plane.binaries.kubectl), "create", "--dry-run=client", "--validate=false", "-o", "json")
    read = run(control_plane, *kubectl, "-f", "-", stdin=written).accepted()
    objects = json.loads("[" + read.out.replace("\n}\n{", "}, {") + "]")
    assert [body["spec"]["displayName"] for body in objects] == TEXTS


@pytest.mark.timeout(int(3 * SECONDS))
def test_a_large_tenant_costs_pages_and_no_write(make_own_company: Callable[..., Company], tmp_path: Path) -> None:
    """So many list requests as there are pages; then nothing but reading, also where many are inactive."""
    company = make_own_company("--users", str(PEOPLE), "--seats", str(PEOPLE))
    for number in range(1, 41):
        company.change_outside(f"user-{number:05}@preloaded.example", active=False)
    open_without_operator(company, defaults={"role": "Supervisor", "groups": ["QA-Team"]})
    before = company.journal()
    company.simulator.send("POST", "stats/reset", {})
    file = tmp_path / "users"
    ended = import_users(company.plane, company.namespace, "--output-dir", str(file)).accepted()
    assert f"{PEOPLE} written" in ended.said
    requests = company.stats()["requests"]
    assert sum(requests["GET /scim/v2/Users"].values()) == -(-PEOPLE // PAGE)
    apply(company.plane, company.namespace, "-f", str(file)).accepted()
    company.operator.start()
    eventually(lambda: ready(company) == PEOPLE, SECONDS, every=1.0)
    assert writes(company) == Counter()
    assert company.journal() == before


def test_a_folder_is_not_written_over(own_company: Company, tmp_path: Path) -> None:
    """Unless it is said so; and the same accounts are the same bytes."""
    make_everybody(own_company)
    open_without_operator(own_company)
    into = ("--output-dir", str(tmp_path / "people"), "--layout", "by-user")
    plane, namespace = own_company.plane, own_company.namespace
    import_users(plane, namespace, *into).accepted()
    first = contents(tmp_path / "people")
    assert len(first) == len(ODD)
    refused = import_users(plane, namespace, *into)
    assert refused.code == 1
    assert f"and {len(ODD) - 1} more already; choose another folder, or say --force" in refused.said
    import_users(plane, namespace, *into, "--force").accepted()
    assert contents(tmp_path / "people") == first
    (tmp_path / "file").write_text("")
    blocked = import_users(plane, namespace, "--output-dir", str(tmp_path / "file" / "below"))
    assert (blocked.code, "cannot be written" in blocked.said) == (1, True)


def test_a_spreadsheet_goes_out_and_comes_back(own_company: Company, tmp_path: Path) -> None:
    """Filtered, as CSV, and as the same resources; a sheet needs no CXone, and tells all its mistakes."""
    make_everybody(own_company)
    open_without_operator(own_company)
    plane, namespace, sheet = own_company.plane, own_company.namespace, tmp_path / "users.csv"
    import_users(plane, namespace, "--csv", "--output-dir", str(tmp_path)).accepted()
    own_company.simulator.send("POST", "stats/reset", {})
    read = import_users(plane, namespace, "--from", str(sheet)).accepted()
    assert own_company.stats()["total"] == 0
    direct = import_users(plane, namespace).accepted()
    assert list(map(unmarked, read.resources)) == list(map(unmarked, direct.resources))
    some = import_users(plane, namespace, "--group", "sales-team", "--role", "Agent", "--filter", "FULL@*").accepted()
    assert [body["spec"]["userName"] for body in some.resources] == ["full@example.com"]
    apply(plane, namespace, resources=read.out).accepted()
    assert import_users(plane, namespace, "--from", str(sheet)).accepted().resources == []
    sheet.write_text("userName,active\njane,maybe\n")
    refused = import_users(plane, namespace, "--from", str(sheet))
    assert (refused.code, refused.out) == (1, "")
    assert "for 2 reasons:\nline 2: column userName" in refused.said


def test_without_a_cluster_or_a_tenant(own_company: Company) -> None:
    """The tenant is in the environment, or the message says what is missing."""
    own_company.make_outside("jane@example.com")
    plane, namespace = own_company.plane, own_company.namespace
    variables = {"CXONE_BASE_URL": own_company.simulator.url, "CXONE_CLIENT_ID": "demo"}
    command = ("cxone-operator", "import", "--no-cluster")
    (body,) = run(plane, *command, CXONE_CLIENT_SECRET=own_company.secret, **variables).accepted().resources
    assert "namespace" not in body["metadata"]
    refused = run(plane, *command, CXONE_CLIENT_SECRET="wrong", **variables)
    assert (refused.code, refused.out) == (1, "")
    assert "Traceback" not in refused.said
    nowhere = import_users(plane, namespace)
    assert nowhere.code == 1
    assert "there is no CxoneTenant 'default'" in nowhere.said


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def unmarked(body: dict[str, Any]) -> dict[str, Any]:
    """A sheet does not know who was inactive before, and names the primary address first."""
    annotations = body["metadata"].pop("annotations", {})
    annotations.pop("cxone.dev/imported-inactive", None)
    emails = body["spec"].pop("emails", [])
    return {"body": body, "annotations": annotations, "emails": sorted(emails, key=str)}
