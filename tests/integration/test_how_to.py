"""What the pages on `check` and `approve` show happens: their commands are run, and their lines are compared."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demo.stage import CLIENT_ID, ROOT
from support.cxone import USER, Company
from support.doctor import command
from support.resources import user
from support.waiting import eventually

TEAM = [f"billing-{number}" for number in range(6)]
PAGES = ("check", "offboard-a-team")


def page(name: str) -> str:
    return (ROOT / "docs" / "how-to" / f"{name}.md").read_text()


def blocks(name: str, kind: str) -> list[str]:
    """The examples of a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```", page(name), re.MULTILINE | re.DOTALL)


def shown(block: str) -> tuple[list[str], list[str]]:
    """The command of an example, without the program, and the lines that it is said to print."""
    first, *lines = block.splitlines()
    kept = [" ".join(line.split()) for line in lines if line != "[...]"]
    return first.removeprefix("$ cxone-operator ").split(), kept


def shell(company: Company, script: str) -> str:
    """The output of a script of the page, with the programs that it names on the PATH."""
    folders = [Path(sys.executable).parent, company.plane.binaries.kubectl.parent, "/usr/bin", "/bin"]
    variables = {
        "KUBECONFIG": str(company.plane.kubeconfig),
        "PATH": os.pathsep.join(map(str, folders)),
        "HOME": str(company.directory),
    }
    answer = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace("workforce", company.namespace)],
        env=variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout + answer.stderr


def test_check_says_what_the_page_says(own_company: Company) -> None:
    """Of a tenant whose Secret lacks a key, where nobody has started an operator."""
    company = own_company
    company.store_secret({"clientId": CLIENT_ID})
    company.create_tenant()
    (example,) = blocks("check", "console")
    arguments, (_, *lines) = shown(example)
    assert arguments[:3] == ["check", "-n", "workforce"]
    result = command(company.plane.kubeconfig, *arguments[:2], company.namespace)
    printed = {" ".join(line.split()).replace(company.namespace, "workforce") for line in result.stdout.splitlines()}
    assert set(lines) - printed == set()


def test_every_check_that_the_page_names_exists(company: Company) -> None:
    """And none is left out."""
    company.open()
    company.join("jane")
    result = command(company.plane.kubeconfig, "check", "-n", company.namespace)
    found = {re.sub("^scope .*", "scope …", line.split("\t")[0]) for line in result.stdout.splitlines()}
    table = page("check").partition("## What it looks at")[2].partition("\n## ")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall("`(.*?)`", row)}
    assert named == found


@pytest.mark.parametrize("name", PAGES)
def test_commands_of_the_pages_exist(name: str) -> None:
    """With their options, whatever they are run on."""
    for line in "\n".join(blocks(name, "sh")).splitlines():
        arguments = line.partition("cxone-operator ")[2].partition(" > ")[0].split()
        if arguments and arguments[0] in ("check", "approve"):
            assert command(None, *arguments, "--help").exit_code == 0


def test_a_team_is_offboarded_as_the_page_has_it(company: Company) -> None:
    """From the first command to the last."""
    company.open(safety={})
    for name in TEAM:
        body = user(company.namespace, name, role="Agent", groups=["Support-Team"])
        body["metadata"]["labels"] = {"team": "billing"}
        company.kube.create(body).accepted()
    for name in TEAM:
        company.until_ready(name)
    declare, give, wait = blocks("offboard-a-team", "sh")
    shell(company, declare)
    company.until_held(6)
    arguments, (_, *lines) = shown(blocks("offboard-a-team", "console")[0])
    assert arguments == ["approve", "default", "-n", "workforce"]
    result = command(company.plane.kubeconfig, *arguments[:3], company.namespace)
    printed = {" ".join(line.split()) for line in result.stdout.splitlines()}
    assert set(lines[:2]) - printed == set()
    assert "6 users held since" in result.stderr
    assert "approved: 6 users lose access" in shell(company, give)
    shell(company, wait)
    eventually(lambda: company.kube.all(USER, company.namespace) == [])
    assert company.active() == 0
