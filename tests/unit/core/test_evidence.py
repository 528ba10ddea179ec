"""What one look at a user says of a request whose own answer did not show it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxone_operator.core.actions import Create, Deactivate, Delete, Reclaim, RemoteAction, Update
from cxone_operator.core.evidence import carried_out
from cxone_operator.core.knowledge import Absent, Ambiguous, Knowledge, Present, Unknown
from cxone_operator.core.users import Change, Field
from unit.builders import a_remote, a_state

PROMOTION = Update(a_remote(), Change(a_state(roles=("Supervisor",)), (Field.ROLES,)), takes_seat=False)
CREATE, LOCK, ERASE = Create(a_state()), Deactivate(a_remote()), Delete(a_remote())


@pytest.mark.parametrize(
    ("action", "known", "expected"),
    [
        (CREATE, Present(a_remote()), True),
        (CREATE, Present(a_remote(roles=("Somebody else's",))), True),
        (CREATE, Absent(1.0), False),
        (PROMOTION, Present(a_remote(roles=("Supervisor",))), True),
        (PROMOTION, Present(a_remote(roles=("Supervisor",), timezone="UTC", given_name="Joan")), True),
        (PROMOTION, Present(a_remote()), False),
        (PROMOTION, Absent(1.0), False),
        (LOCK, Present(a_remote(active=False)), True),
        (LOCK, Present(a_remote()), False),
        (LOCK, Absent(1.0), False),
        (ERASE, Absent(1.0), True),
        (ERASE, Present(a_remote(active=False)), False),
        (ERASE, Present(replace(a_remote(), id="another-one")), True),
        (CREATE, Ambiguous(("1", "2"), Present(a_remote())), True),
        (LOCK, Ambiguous(("1", "2"), Present(a_remote())), False),
        (Reclaim(a_remote()), Present(a_remote(active=False)), None),
        (Reclaim(a_remote()), Absent(1.0), None),
        (LOCK, Unknown(), None),
        (ERASE, Ambiguous(("1", "2")), None),
        (CREATE, Unknown(), None),
        (PROMOTION, Ambiguous(("1", "2")), None),
    ],
)
def test_only_what_was_asked_for_counts(action: RemoteAction, known: Knowledge, expected: bool | None) -> None:
    """Other fields may have changed since; without a look, or with two users, nothing can be told."""
    assert carried_out(action, known) is expected
