"""Failures: what is final for a user, what would have to change, and which name was probably meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxone_operator.api.reasons import Reason
from cxone_operator.core.actions import Create, Deactivate, Delete, RemoteAction
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.core.phase import QUICK_LOOKS
from cxone_operator.core.work import REQUEST_SECONDS, Attempt, Failed, Moment, Sent, Trigger
from cxone_operator.engine.send.failures import failed
from cxone_operator.scim.errors import AlreadyExists, AuthenticationFailed, BadRequest, NotOffered, ServerError
from unit.builders import a_remote, a_state, a_user
from unit.engine.scene import TENANT, Scene

CREATE = Create(a_state())
NO_ROLE = BadRequest("role 'Agnet' does not exist", code="400").failure
STRANGE_ROLE = BadRequest("role 'Zzz' does not exist", code="400").failure
NO_GROUP = BadRequest("group 'Suport' is unknown", code="400").failure


def event(scene: Scene, failure: Failure, action: RemoteAction = CREATE, **user: object) -> Failed:
    asked = a_user(**user)  # type: ignore[arg-type]
    scene.see(asked)
    scene.time += REQUEST_SECONDS  # no request of an earlier process may have created the user
    return failed(scene.memory, Attempt(asked, action, 0.0), failure)


@pytest.mark.parametrize(
    ("failure", "action", "user", "final"),
    [
        pytest.param(NO_ROLE, CREATE, {}, True, id="a role that is missing"),
        pytest.param(NO_ROLE, Deactivate(a_remote()), {"deleting": True}, False, id="nobody keeps access"),
        pytest.param(ServerError("503", code="503").failure, CREATE, {}, False, id="passes"),
        pytest.param(AuthenticationFailed("401", code="401").failure, CREATE, {}, False, id="of the tenant"),
        pytest.param(AlreadyExists("409", code="409").failure, CREATE, {}, False, id="to be adopted"),
        pytest.param(
            AlreadyExists("409", code="409").failure, CREATE, {"adoptionPolicy": "Never"}, True, id="not to be adopted"
        ),
        pytest.param(NotOffered("501", code="501").failure, CREATE, {}, True, id="not offered"),
        pytest.param(NotOffered("501", code="501").failure, Delete(a_remote()), {}, False, id="not offered to delete"),
    ],
)
def test_what_is_final_says_what_would_have_to_change(
    failure: Failure, action: RemoteAction, user: dict[str, object], final: bool
) -> None:
    """Everything else is tried again by itself."""
    scene = Scene()
    scene.time = REQUEST_SECONDS + 1  # nothing of an earlier process may still create anybody
    found = event(scene, failure, action, **user)
    assert ((found.trigger is not None), found.failure) == (final, failure)


@pytest.mark.parametrize(
    ("failure", "action", "offered"),
    [
        (NotOffered("405", code="405").failure, Delete(a_remote()), False),
        (NotOffered("405", code="405").failure, CREATE, True),
        (replace(NotOffered("no bulk", code="501").failure, scope=Scope.TENANT), Delete(a_remote()), True),
        (ServerError("503", code="503").failure, Delete(a_remote()), True),
    ],
)
def test_a_deletion_that_is_not_offered_is_offered_to_nobody(
    failure: Failure, action: RemoteAction, offered: bool
) -> None:
    """Whether it was refused alone or in a bulk request; where bulk requests are not offered, that says nothing."""
    scene = Scene()
    event(scene, failure, action)
    assert scene.memory.capabilities.deletes is offered


def test_an_account_that_may_be_of_our_own_making_is_no_somebody_elses() -> None:
    """A request without a certain end may have created it: it is looked at before anybody gives up."""
    scene = Scene()
    scene.memory.in_doubt.add("uid-jane", 900.0)
    exists = AlreadyExists("409", code="409").failure
    assert event(scene, exists, adoptionPolicy="Never").trigger is None
    scene.time = 900.0
    assert event(scene, exists, adoptionPolicy="Never").trigger is not None


def test_how_long_it_may_have_its_effect_is_up_to_who_sent_it() -> None:
    scene, lost = Scene(), ServerError("503", code="503").failure
    attempt = Attempt(a_user(), CREATE, 0.0)
    assert failed(scene.memory, attempt, lost).doubt_seconds == REQUEST_SECONDS
    assert failed(scene.memory, attempt, lost, 900.0).doubt_seconds == 900.0


def test_the_trigger_is_that_of_the_request() -> None:
    """What was asked of the resource since was never tried, and may be the cure: a deletion, or another userName."""
    scene = Scene()
    scene.memory.epoch = 7
    annotations = {"cxone.dev/reconcile-requested-at": "now"}
    scene.see(a_user(active=False, metadata={"generation": 5, "annotations": annotations}))
    found = failed(scene.memory, Attempt(a_user(), CREATE, 0.0), NO_ROLE)
    assert found.trigger == Trigger(1, 7, None, leaving=False)


def test_a_resource_that_is_gone_is_judged_as_it_was() -> None:
    found = failed(Scene().memory, Attempt(a_user(), CREATE, 0.0), NO_ROLE)
    assert found.trigger == Trigger(1, 0, None, leaving=False)


@pytest.mark.parametrize(
    ("failure", "user", "message"),
    [
        (NO_ROLE, {"role": "Agnet"}, f"role 'Agnet' does not exist in tenant {TENANT}; did you mean 'Agent'?"),
        (
            NO_ROLE,
            {"secondaryRoles": ["Agnet"]},
            f"role 'Agnet' does not exist in tenant {TENANT}; did you mean 'Agent'?",
        ),
        (
            NO_GROUP,
            {"groups": ["Other", "Suport"]},
            f"group 'Suport' does not exist in tenant {TENANT}; did you mean 'Support'?",
        ),
        (NO_ROLE, {"role": "Agent"}, NO_ROLE.message),
        (
            BadRequest("role 'Zzz' does not exist").failure,
            {"role": "Zzz"},
            f"role 'Zzz' does not exist in tenant {TENANT}",
        ),
        (BadRequest("timeZone 'Mars' is invalid").failure, {"timezone": "Mars"}, "timeZone 'Mars' is invalid"),
    ],
)
def test_a_name_that_cxone_does_not_know_is_named_with_the_one_that_was_meant(
    failure: Failure, user: dict[str, object], message: str
) -> None:
    """Only where the user asks for it: what CXone says of another name is repeated as it is."""
    scene = Scene()
    scene.snapshot(a_remote("john", roles=("Agent", "Supervisor"), groups=("Support",)))
    assert event(scene, failure, **user).message == message


def test_a_name_may_be_the_tenants_default() -> None:
    scene = Scene(defaults={"role": "Agnet"})
    scene.snapshot(a_remote("john"))
    assert "did you mean 'Agent'?" in event(scene, NO_ROLE, role=None).message


def test_what_is_of_the_tenant_is_told_by_the_tenant() -> None:
    failure = Failure(Reason.ROLE_NOT_FOUND, "role 'Agnet' does not exist", retryable=False, scope=Scope.TENANT)
    found = event(Scene(), failure, role="Agnet")
    assert (found.trigger, found.message) == (None, "")


@pytest.mark.parametrize(("failures", "told"), [(0, False), (QUICK_LOOKS, True)])
def test_a_name_that_nobody_is_seen_to_have_names_the_remedy(failures: int, told: bool) -> None:
    """When it was looked for, not at the first refusal: a joiner may be in the list of the next moment."""
    scene = Scene()
    user = a_user()
    scene.see(user)
    taken, moment = AlreadyExists("CXone answered 409: taken", code="409").failure, Moment(0.0, 0.0, 900.0)
    attempt = Attempt(user, CREATE, 0.0)
    scene.memory.works.open(user.metadata.uid, 0.0)
    for _ in range(failures):
        for event in (Sent(attempt), Failed(taken)):
            scene.memory.works.advance(user.metadata.uid, event, moment)
    found = failed(scene.memory, attempt, taken)
    assert ("activate or delete it in CXone" in found.failure.message) is told
