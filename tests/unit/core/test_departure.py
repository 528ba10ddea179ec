"""Why somebody is about to lose access, in the words that an approver reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cxone_operator.api.user import CxoneUser
from cxone_operator.core.departure import departure, is_held
from support.resources import condition
from unit.builders import NOW, a_user

PAST, FUTURE = (NOW - timedelta(days=1)).isoformat(), (NOW + timedelta(days=1)).isoformat()


def asked(**more: Any) -> CxoneUser:
    """Somebody whom Argo CD has changed."""
    entry = {"manager": "argocd", "time": "2026-11-22T00:00:00Z", "fieldsV1": {"f:spec": {}}}
    return a_user(**more, metadata={"managedFields": [entry]})


@pytest.mark.parametrize(
    ("user", "why", "requested_by"),
    [
        (asked(active=False), "active: false", "argocd"),
        (asked(deleting=True), "deleted", ""),
        (asked(activeUntil=PAST), "activeUntil 2026-11-22T12:00:00Z has passed", "argocd"),
        (asked(activeFrom=FUTURE), "activeFrom 2026-11-24T12:00:00Z has not come", "argocd"),
        (asked(activeUntil=FUTURE), "not any more: the resource says active", "argocd"),
    ],
)
def test_why_and_by_whom(user: CxoneUser, why: str, requested_by: str) -> None:
    """Nobody records who deletes a resource, so its last editor is not blamed for that."""
    shown = departure(user, NOW)
    assert (shown.why, shown.requested_by) == (why, requested_by)
    assert (shown.user_name, shown.resource) == ("jane@example.com", "jane")


@pytest.mark.parametrize(
    ("reason", "observed", "held"),
    [("DeprovisioningHeld", 1, True), ("DeprovisioningHeld", 0, False), ("Succeeded", 1, False)],
)
def test_who_is_held(reason: str, observed: int, held: bool) -> None:
    """As the operator says, of the newest spec."""
    ready = condition("Ready", "False", reason=reason)
    assert is_held(a_user(status={"observedGeneration": observed, "conditions": [ready]})) is held
    assert not is_held(a_user())
