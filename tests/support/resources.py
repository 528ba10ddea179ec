"""Sample resources: valid as they are, and changed field by field by the tests."""

from __future__ import annotations

from typing import Any


def user(namespace: str, name: str = "jane-smith", /, **spec: Any) -> dict[str, Any]:
    """A CxoneUser with only what is required; a value of None takes a field away."""
    return _resource(
        "CxoneUser",
        namespace,
        name,
        {"userName": f"{name}@example.com", "name": {"givenName": "Jane", "familyName": "Smith"}} | spec,
    )


def tenant(namespace: str, name: str = "default", /, **spec: Any) -> dict[str, Any]:
    """A CxoneTenant with only what is required; a value of None takes a field away."""
    required = {"baseURL": "https://cxone.example.com", "credentialsSecretRef": {"name": "cxone-credentials"}}
    return _resource("CxoneTenant", namespace, name, required | spec)


def condition(type_: str, status: str = "True", **fields: Any) -> dict[str, Any]:
    """A complete metav1.Condition."""
    return {
        "type": type_,
        "status": status,
        "reason": "Succeeded",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    } | fields


def contains(stored: Any, declared: Any) -> bool:
    """Every declared value is stored; the server may have added defaults."""
    if isinstance(declared, dict):
        return all(field in stored and contains(stored[field], value) for field, value in declared.items())
    if isinstance(declared, list):
        return len(stored) == len(declared) and all(map(contains, stored, declared))
    return bool(stored == declared)


def words(length: int) -> str:
    """Text of that length."""
    return "x" * length


def _resource(kind: str, namespace: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "cxone.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {field: value for field, value in spec.items() if value is not None},
    }
