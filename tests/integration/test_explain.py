"""One person on one page, by the real command: what is declared, what CXone has, and what happens next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.cxone import Company

COMMAND = Path(sys.executable).with_name("cxone-operator")


def explained(company: Company, user: str, *options: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "KUBECONFIG": str(company.plane.kubeconfig)}
    command = [str(COMMAND), "explain", "-n", company.namespace, user, *options]
    return subprocess.run(command, capture_output=True, text=True, env=variables, check=False)


def page(company: Company, user: str, *options: str) -> dict[str, Any]:
    done = explained(company, user, "-o", "json", *options)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_somebody_who_differs(own_company: Company, tmp_path: Path) -> None:
    """Field by field, with what would be done about it; and what the audit trail has said."""
    company = own_company
    company.open()
    company.join("jane", "john")
    company.operator.stop()
    company.change("jane", role="Supervisor", displayName="Jane S.")
    before = company.effects()
    trail = tmp_path / "audit.log"
    trail.write_text("\n".join(map(json.dumps, company.trail())) + "\nno JSON\n")
    found = page(company, "jane", "--audit", str(trail))
    fields = {line["field"]: (line["declared"], line["actual"], line["differs"]) for line in found["fields"]}
    assert fields["roles"] == ("Supervisor", "Agent", True)
    assert fields["groups"] == ("Support-Team", "Support-Team", False)
    assert found["next"]["outcome"] == "update"
    assert found["next"]["changes"]["roles"] == "Agent → Supervisor"
    assert [json.loads(line)["action"] for line in found["audit"]] == ["create"]
    assert found["conditions"][0]["type"] == "Ready"
    assert company.effects() == before, "nobody is changed"
    assert page(company, "john@example.com")["next"]["outcome"] == "nothing"
    text = explained(company, "jane").stdout
    assert all(word in text for word in ("jane@example.com", "roles\tSupervisor\tAgent\tdiffers", "next: update"))
    assert "; managementPolicy Full\n" in text
    company.delete("john")
    fields = {line["field"]: (line["declared"], line["actual"]) for line in page(company, "john")["fields"]}
    assert fields["active"] == ("false", "true")


def test_somebody_who_is_not_there(own_company: Company) -> None:
    """The nearest name is offered, and it costs no request to CXone."""
    company = own_company
    company.put_secret(company.secret)
    company.create_tenant()
    company.create("jane-smith")
    done = explained(company, "jane-smit")
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean jane-smith?" in done.stderr
    assert explained(company, "jane-smith", "--no-cluster").returncode == 2
