"""Excuses: why an account may stay otherwise than its resource wants it, as long as the resource says so.

CXone accepts a change without effect, or keeps a value in a form that is another value; or the deprovisioning limits
hold somebody, and nobody approves it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chaos.simulation.past import Resource
from chaos.simulation.schedule import Setting
from cxone_operator.core.users import Field, RemoteUser

_TEXTS = {Field.GIVEN_NAME: "givenName", Field.FAMILY_NAME: "familyName"}


def differing(resource: Resource, user: RemoteUser, clock: datetime) -> set[Field]:
    """The fields in which an account is otherwise than its resource wants it."""
    spec, state = resource.body["spec"], user.state
    found = {field for field, name in _TEXTS.items() if getattr(state, field.attribute) != spec["name"][name]}
    if [role.lower() for role in state.roles or ()] != [spec["role"].lower()]:
        found.add(Field.ROLES)
    if state.active is not (resource.active(clock) and not resource.deleting):
        found.add(Field.ACTIVE)
    return found


def may_stay_active(setting: Setting, resource: Resource) -> bool:
    """Nobody wants the account active, it cannot be locked out, and the resource says why."""
    if resource.condition("Ready").get("reason") == "DeprovisioningHeld":
        return not setting.approves and setting.limits.tight
    return setting.ignored is Field.ACTIVE and not any(complaints_about_differences(resource, {Field.ACTIVE}))


def complaints_about_differences(resource: Resource, fields: set[Field]) -> Iterator[str]:
    """What CXone does not heed is told in the conditions, and the fields are named."""
    yield from says(resource, Ready=("False", "DifferencesFound"), Synced=("False", "DifferencesFound"))
    named = {difference["field"] for difference in resource.body["status"].get("differences", [])}
    expected = {field.value for field in fields}
    if named != expected:
        yield f"{resource.name} names the fields {sorted(named)} instead of {sorted(expected)}"


def says(resource: Resource, **expected: tuple[str | None, str | None]) -> Iterator[str]:
    """Each condition must have that status and reason, None meaning any, and speak of the present generation."""
    generation = resource.body["metadata"]["generation"]
    if resource.body["status"].get("observedGeneration") != generation:
        yield f"{resource.name} has observedGeneration {resource.body['status'].get('observedGeneration')}"
    for type_, (status, reason) in expected.items():
        condition = resource.condition(type_)
        wrong = status is not None and condition.get("status") != status
        if wrong or (reason is not None and condition.get("reason") != reason):
            said = f"{condition.get('status')} {condition.get('reason')}: {condition.get('message')}"
            yield f"{resource.name} says {type_}={said} instead of {status} {reason or ''}".rstrip()
