"""The cast: who is declared, in two acts, whom the HR system hires and terminates, and who is in CXone already."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

JOINERS = 200
LEAVERS = 5
SEATS = JOINERS + 3
"""Joiners, the adopted user, the mover and the visitor fit; the leavers sit on the seats that the last joiners want."""
WAITING = LEAVERS
NAMESPACE = "workforce"


@dataclass(frozen=True)
class Person:
    """One declared user."""

    name: str
    role: str = "Agent"
    groups: tuple[str, ...] = ("Support-Team",)
    active: bool = True
    given: str = "Demo"
    family: str = field(default="")

    @property
    def user_name(self) -> str:
        """The natural key."""
        return f"{self.name}@demo.example"

    def manifest(self) -> dict[str, Any]:
        """The CxoneUser that somebody would commit."""
        return {
            "apiVersion": "cxone.dev/v1alpha1",
            "kind": "CxoneUser",
            "metadata": {"name": self.name, "namespace": NAMESPACE},
            "spec": {
                "userName": self.user_name,
                "name": {"givenName": self.given, "familyName": self.family or self.name.capitalize()},
                "role": self.role,
                "groups": list(self.groups),
                "active": self.active,
            },
        }

    def remote(self) -> dict[str, Any]:
        """The same person as an administrator made it in CXone by hand."""
        return {
            "userName": self.user_name,
            "set": {
                "name": {"givenName": self.given, "familyName": self.family or self.name.capitalize()},
                "emails": [{"value": self.user_name, "type": "work", "primary": True}],
                "active": True,
                "roles": [{"value": self.role}],
                "groups": [{"value": name} for name in self.groups],
            },
        }


ADOPTED = Person("adopted")
MOVER = Person("mover")
MOVED = Person("mover", role="Supervisor", groups=("Sales-Team",))
MISSPELT = (Person("misspelt-role", role="Agnet"), Person("misspelt-group", groups=("Suport-Team",)))
STAYERS = tuple(Person(f"leaver-{number}") for number in range(1, LEAVERS + 1))
GONE = tuple(Person(person.name, active=False) for person in STAYERS)
JOINING = tuple(Person(f"joiner-{number:03}") for number in range(1, JOINERS + 1))
VISITOR = Person("visitor")
"""Known to CXone and to the HR system, declared nowhere, until the HR system terminates them."""
LEFT = Person("visitor", active=False)
NEWCOMER = Person("newcomer")
"""Hired by the HR system; gets the visitor's seat."""

IN_CXONE = (ADOPTED, MOVER, VISITOR, *STAYERS)
FIRST_ACT = (ADOPTED, MOVER, *STAYERS, *MISSPELT, *JOINING)
SECOND_ACT = (MOVED, *GONE)


def tenant(base_url: str, secret: str) -> list[dict[str, Any]]:
    """Namespace, Secret and CxoneTenant."""
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "cxone-credentials", "namespace": NAMESPACE},
            "stringData": {"clientId": "demo", "clientSecret": secret},
        },
        {
            "apiVersion": "cxone.dev/v1alpha1",
            "kind": "CxoneTenant",
            "metadata": {"name": "default", "namespace": NAMESPACE},
            "spec": {"baseURL": base_url, "credentialsSecretRef": {"name": "cxone-credentials"}},
        },
    ]


def as_list(items: list[dict[str, Any]]) -> str:
    """One document that kubectl applies."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
