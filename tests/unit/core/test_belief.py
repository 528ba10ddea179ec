"""What an absence proves, and to whom."""

from __future__ import annotations

import pytest

from cxone_operator.api.user import CxoneUser
from cxone_operator.core import actions
from cxone_operator.core.actions import Create, Delete
from cxone_operator.core.desired import schedule
from cxone_operator.core.evidence import carried_out
from cxone_operator.core.facts import Facts
from cxone_operator.core.knowledge import Absent, Proof
from cxone_operator.core.plan import plan
from cxone_operator.core.work import Attempt, Phase, Work
from unit.builders import NOW, a_remote, a_state, a_tenant, a_user

JOINER, LEAVER, DELETED = a_user(), a_user(active=False), a_user(deleting=True)
KNOWN = {"userId": "id-jane"}
VERIFYING = Work(0.0, 0.0, Phase.VERIFYING, Attempt(JOINER, Create(a_state()), 0.0))
ASKED, LISTED, NONE = Proof.ASKED, Proof.LISTED, Proof.NONE


@pytest.mark.parametrize(
    ("who", "user", "work", "enough"),
    [
        ("joins, and never was there", JOINER, None, (ASKED, LISTED, NONE)),
        ("joins, and had an account", a_user(status=KNOWN), None, (ASKED,)),
        ("was just asked to be created", JOINER, VERIFYING, (ASKED,)),
        ("is not to be active", LEAVER, None, (ASKED, LISTED)),
        ("is not to be active, and had an account", a_user(active=False, status=KNOWN), None, (ASKED,)),
        ("is only observed", a_user(managementPolicy="ObserveOnly"), None, (ASKED, LISTED)),
        ("leaves with the resource", DELETED, None, (ASKED,)),
        ("leaves with the resource, and had an account", a_user(deleting=True, status=KNOWN), None, (ASKED,)),
    ],
)
@pytest.mark.parametrize("proof", Proof)
def test_who_is_asked_for_by_itself(
    who: str, user: CxoneUser, work: Work | None, enough: tuple[Proof, ...], proof: Proof
) -> None:
    """Before anything that cannot be taken back; no list of everybody answers that."""
    facts = Facts(user, a_tenant(), schedule(user.spec, NOW), Absent(0.0, proof), deleting_for=1.0, work=work)
    assert (plan(facts) != actions.LookUp(itself=True)) is (proof in enough), who


@pytest.mark.parametrize("proof", Proof)
def test_whom_an_earlier_process_may_have_made_is_asked_for_by_itself(proof: Proof) -> None:
    """Who waits for a seat would never be told by CXone that the user exists."""
    known = Absent(0.0, proof)
    facts = Facts(JOINER, a_tenant(), schedule(JOINER.spec, NOW), known, doubt_ended=60.0)
    assert (plan(facts) != actions.LookUp(itself=True)) is (proof is not NONE)


@pytest.mark.parametrize("proof", [LISTED, NONE])
def test_a_list_is_no_evidence_of_what_a_request_did(proof: Proof) -> None:
    """Neither that a user was deleted, nor that one was not created."""
    assert carried_out(Delete(a_remote()), Absent(0.0, proof)) is None
    assert carried_out(Create(a_state()), Absent(0.0, proof)) is None
    assert carried_out(Delete(a_remote()), Absent(0.0, ASKED)) is True
    assert carried_out(Create(a_state()), Absent(0.0, ASKED)) is False
