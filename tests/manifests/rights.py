"""Permissions: what a role grants, one by one, and what somebody used by the API server's own record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from support.audit import Request


@dataclass(frozen=True, order=True)
class Permission:
    """One verb on one resource."""

    verb: str
    resource: str
    """With its subresource, as rules have it: cxoneusers/status."""
    group: str = "cxone.dev"
    names: tuple[str, ...] = ()
    """Empty: objects of any name."""

    def __str__(self) -> str:
        return f"{self.verb}-{self.resource.replace('/', '-')}"

    def covers(self, request: Request) -> bool:
        """The request needs just this permission."""
        resource = "/".join(filter(None, (request.resource, request.subresource)))
        same = (self.verb, self.resource, self.group) == (_verb(request), resource, request.group)
        return same and (not self.names or request.name in self.names)

    def rule(self) -> dict[str, Any]:
        """A rule that grants nothing else."""
        names = {"resourceNames": list(self.names)} if self.names else {}
        return {"apiGroups": [self.group], "resources": [self.resource], "verbs": [self.verb], **names}


def granted(roles: Iterable[dict[str, Any]]) -> list[Permission]:
    """Every permission of these Roles and ClusterRoles."""
    return sorted(
        Permission(verb, resource, group, tuple(rule.get("resourceNames", ())))
        for role in roles
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    )


def without(role: dict[str, Any], taken: Permission | None) -> dict[str, Any]:
    """The role less one permission; as much as before where it never had it."""
    kept = [permission.rule() for permission in granted([role]) if permission != taken]
    return {**role, "rules": kept}


def _verb(request: Request) -> str:
    """An apply that makes an object is written down as a patch, and needs the right to create it, too."""
    creates = request.code == 201 or "cannot create resource" in request.message
    return "create" if request.verb == "patch" and creates else request.verb
