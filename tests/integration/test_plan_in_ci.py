"""The examples for CI, run step by step: a change of the users in Git is commented with what it would change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.stage import CLIENT_ID
from support.cxone import Company
from support.resources import user

EXAMPLES = Path(__file__).parents[2] / "docs" / "how-to" / "examples"
GIT = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]


def script(name: str) -> str:
    """The step that plans, as it is written."""
    found: Any = yaml.safe_load((EXAMPLES / name).read_text())
    if "plan" in found:
        return str(found["plan"]["script"][0])
    return next(step["run"] for step in found["jobs"]["plan"]["steps"] if step.get("name") == "Plan")


def repository(folder: Path, *people: str, **changed: Any) -> None:
    """The users as of now, committed."""
    place = folder / "users"
    place.mkdir(exist_ok=True)
    for file in place.iterdir():
        file.unlink()
    for name in people:
        (place / f"{name}.yaml").write_text(yaml.safe_dump(user("workforce", name, **changed)))
    subprocess.run([*GIT, "add", "-A"], cwd=folder, check=True)
    subprocess.run([*GIT, "commit", "-qm", "change"], cwd=folder, check=True)


def rename(folder: Path, name: str, user_name: str) -> None:
    """Somebody gets another userName, not committed yet."""
    file = folder / "users" / f"{name}.yaml"
    body = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**body, "spec": {**body["spec"], "userName": user_name}}))


@pytest.mark.parametrize("example", ["plan-github.yaml", "plan-gitlab.yaml"])
def test_a_change_is_commented(company: Company, tmp_path: Path, example: str) -> None:
    """A joiner, a change, a rename and a leaver; whoever posts the comment is a stub that keeps it."""
    for name in ("john", "ann", "mary"):
        company.make_outside(f"{name}@example.com")
    folder, tools = tmp_path / "git", tmp_path / "tools"
    folder.mkdir()
    tools.mkdir()
    for tool in ("gh", "curl"):
        (tools / tool).write_text('#!/bin/sh\necho "$@" > posted.txt\n')
        (tools / tool).chmod(0o755)
    subprocess.run([*GIT, "init", "-q", "-b", "main"], cwd=folder, check=True)
    repository(folder, "john", "ann", "mary")
    subprocess.run([*GIT, "update-ref", "refs/remotes/origin/main", "HEAD"], cwd=folder, check=True)
    repository(folder, "jane", "john", "mary", displayName="New Name")
    rename(folder, "mary", "mary.new@example.com")
    environment = {
        **os.environ,
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CXONE_BASE_URL": company.simulator.url,
        "CXONE_CLIENT_ID": CLIENT_ID,
        "CXONE_CLIENT_SECRET": company.secret,
        "BASE": "main",
        "NUMBER": "7",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": "origin/main",
    }
    done = subprocess.run(
        ["bash", "-e", "-c", script(example)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    comment = (folder / "comment.md").read_text()
    assert done.returncode == 0, done.stderr + comment
    outcomes = {"jane": "create", "john": "update", "mary": "rename", "ann": "deactivate"}
    assert [name for name, outcome in outcomes.items() if f"{outcome}\tworkforce/{name}\t" not in comment] == []
    assert "4 resources: 1 create, 1 update, 1 rename, 1 deactivate\n" in comment
    assert "comment.md" in (folder / "posted.txt").read_text()
    assert company.effects().count("created") == 3, "only what was made by hand"


def test_a_role_that_cxone_does_not_know(company: Company) -> None:
    """A misspelt name is doubted where a person can still correct it; what it would change is shown all the same."""
    company.make_outside("john@example.com", roles=[{"value": "Agent"}])
    environment = {
        **os.environ,
        "CXONE_BASE_URL": company.simulator.url,
        "CXONE_CLIENT_ID": CLIENT_ID,
        "CXONE_CLIENT_SECRET": company.secret,
    }
    done = subprocess.run(
        [sys.executable, "-m", "cxone_operator", "plan", "--no-cluster", "-f", "-"],
        input=yaml.safe_dump(user("workforce", "jane", role="Agnet")),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "create\tworkforce/jane\t" in done.stdout
    assert "nobody in CXone has role 'Agnet' (jane); did you mean 'Agent'?" in done.stdout
