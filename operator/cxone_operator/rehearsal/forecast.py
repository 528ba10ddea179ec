"""The forecast: what came of a rehearsal, as people read it, person by person and in sum."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cxone_operator.api.conditions import READY
from cxone_operator.api.reasons import Reason
from cxone_operator.api.tenant import DeprovisioningStatus
from cxone_operator.api.user import CxoneUser, decode_user
from cxone_operator.core.seats import Quota, Seats
from cxone_operator.rehearsal.rehearsal import Ending, Scene
from cxone_operator.telemetry.audit import Act, AuditLine, Result
from cxone_operator.words import Word


class Outcome(Word):
    """What would become of one resource."""

    CREATE = "create", "An account is made."
    ADOPT = "adopt", "An account that is there already is changed, so as to agree for the first time."
    UPDATE = "update", "Fields of the account are changed."
    RENAME = "rename", "The account gets another userName, and whatever else differs."
    DEACTIVATE = "deactivate", "The account is locked out, and its seat is given back."
    DELETE = "delete", "The account is deleted for good."
    HELD = "held", "The account would be locked out or deleted, and the deprovisioning guard waits for an approval."
    WAITS = "waits", "Something is to be done that cannot be done now; the note says what is missing."
    REFUSED = "refused", "The resource is not carried out; the note says why, and the remedy."
    NOTHING = "nothing", "Nothing is written to CXone."


_WRITES = {
    Act.DELETE: Outcome.DELETE,
    Act.DEACTIVATE: Outcome.DEACTIVATE,
    Act.CREATE: Outcome.CREATE,
    Act.ADOPT: Outcome.ADOPT,
    Act.UPDATE: Outcome.UPDATE,
}
"""The weightiest first: what one resource needs may be several writes."""
_CALM = (Outcome.NOTHING, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Step:
    """One resource."""

    resource: str
    """Its namespace and name."""
    user_name: str
    outcome: Outcome
    changes: Mapping[str, str] = field(default_factory=dict)
    """Field → "old → new", as CXone names the fields."""
    note: str = ""
    requested_by: str = ""
    """The field manager that last changed the spec; empty for what is not in the cluster."""

    @property
    def said(self) -> str:
        """What changes, and what is to be known about it, in one line."""
        changes = "; ".join(f"{name}: {change}" for name, change in self.changes.items())
        return " — ".join(filter(None, (changes, self.note)))


@dataclass(frozen=True, slots=True)
class Forecast:
    """All of a tenant."""

    steps: tuple[Step, ...]
    """By resource."""
    seats_needed: int
    seats_free: int | None
    """Before anybody leaves; None where they are not limited."""
    requests: int
    """To CXone, reading included."""
    seconds: float
    """At the tenant's rate limit."""
    problem: str
    """Why the tenant is not Ready; empty where it is."""
    plan_hash: str | None
    """By which what is held now can be approved; None before the operator holds it."""

    def count(self, outcome: Outcome) -> int:
        """So many resources."""
        return sum(step.outcome is outcome for step in self.steps)

    @property
    def changes_something(self) -> bool:
        """CXone would be written to, now or when what is waited for has come."""
        return any(step.outcome not in _CALM for step in self.steps)


def forecast(scene: Scene, ending: Ending, tenant: str) -> Forecast:
    """Of the tenant, by the name that it has in the scene."""
    before = [decode_user(body) for body in scene.bodies if body["kind"] == "CxoneUser"]
    lines: dict[str, list[AuditLine]] = defaultdict(list)
    for line in ending.lines:
        lines[line.resource.get("uid", "")].append(line)
    resource = ending.tenants.get(tenant)
    ready = resource.status.condition(READY) if resource is not None else None
    problem = ready.message if ready is not None and ready.status != "True" else ""
    ends = ((user, ending.users.get(user.metadata.uid), lines[user.metadata.uid]) for user in before)
    steps = [_step(user, after, told, problem) for user, after, told in ends]
    reserve = resource.spec.license.reserve if resource is not None else 0
    quota = scene.accounts[tenant].quota
    return Forecast(
        steps=tuple(sorted(steps, key=lambda step: step.resource)),
        seats_needed=_seats(ending.lines) + sum(map(_waits_for_seat, ending.users.values())),
        seats_free=_free(quota, reserve),
        requests=sum(ending.requests.values()),
        seconds=ending.seconds,
        problem=problem,
        plan_hash=_known_hash(scene, tenant, resource.status.deprovisioning if resource is not None else None),
    )


def _step(before: CxoneUser, after: CxoneUser | None, lines: Sequence[AuditLine], problem: str) -> Step:
    outcome, note = _outcome(lines, _told(after, problem))
    changes = {name: change for line in lines for name, change in line.changes.items()}
    return Step(
        resource=f"{before.metadata.namespace}/{before.metadata.name}",
        user_name=before.spec.user_name,
        outcome=outcome,
        changes=changes,
        note=note,
        requested_by=before.metadata.requested_by,
    )


def _outcome(lines: Sequence[AuditLine], told: str) -> tuple[Outcome, str]:
    done = {line.action for line in lines if line.result is Result.SUCCESS}
    if any(line.result is Result.HELD for line in lines):
        return Outcome.HELD, told
    written = next((outcome for act, outcome in _WRITES.items() if act in done), None)
    if written is not None:
        renamed = written is Outcome.UPDATE and any("userName" in line.changes for line in lines)
        return (Outcome.RENAME if renamed else written), told
    wrong = next((line for line in reversed(lines) if line.result in (Result.REFUSED, Result.FAILURE)), None)
    if wrong is not None:
        return Outcome.REFUSED, wrong.error
    if Act.RETAIN in done or Act.ABANDON in done:
        return Outcome.NOTHING, "the resource goes, and its account stays as it is"
    return (Outcome.WAITS if told else Outcome.NOTHING), told


def _told(after: CxoneUser | None, problem: str) -> str:
    """Why somebody is not Ready in the end; whoever is told nothing waits for the tenant."""
    ready = after.status.condition(READY) if after is not None else None
    if after is None or (ready is not None and ready.status == "True"):
        return ""
    return ready.message if ready is not None else problem


def _seats(lines: Iterable[AuditLine]) -> int:
    return sum(line.result is Result.SUCCESS and line.changes.get("active", "").endswith("→ true") for line in lines)


def _waits_for_seat(user: CxoneUser) -> bool:
    ready = user.status.condition(READY)
    return ready is not None and ready.reason == Reason.LICENSE_UNAVAILABLE


def _free(quota: Quota | None, reserve: int) -> int | None:
    return Seats(quota, 0, reserve).free


def _known_hash(scene: Scene, tenant: str, after: DeprovisioningStatus | None) -> str | None:
    """A hash is good only if the operator has told it: it names also since when."""
    bodies = (body for body in scene.bodies if body["kind"] == "CxoneTenant")
    told = [(body.get("status") or {}).get("deprovisioning") for body in bodies]  # type: ignore[attr-defined]
    known = {entry.get("planHash") for entry in told if entry}
    return after.plan_hash if after is not None and after.plan_hash in known else None
