"""The audit trail: one JSON line on standard output for each write to CXone, whatever became of it, and for each one
that was refused or held before anything was sent. The HR bridge has a line for each event that it applies or refuses.

A write has exactly one line, also where it was part of a bulk job, was repeated, or lost its answer. A process that is
killed (not one that is told to stop) takes the lines of what it had under way with it: the requests in flight, and the
users of bulk jobs that had not ended.

Lines carry userNames and what was changed of a person, so keep them as long as the law allows and no longer. They never
carry a secret or a token. Every other line goes to standard error, and has no address in it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec

from cxone_operator.words import Word


class Act(Word):
    """What is done, or was to be."""

    CREATE = "create", "A user is created."
    ADOPT = "adopt", "A user who exists in CXone already is changed for the first time, so as to agree with a resource."
    UPDATE = "update", "Fields of a user are changed; `active: false → true` lets somebody in again."
    DEACTIVATE = "deactivate", "A user is locked out."
    DELETE = "delete", "A user is deleted for good."
    RECLAIM = "reclaim", "The seat of an inactive user is given back."
    BULK = "bulk", "A bulk job is given up; each of its users has a line of its own."
    PROVISION = "provision", "A resource is not carried out, because of what it asks for or of whom."
    DEPROVISION = "deprovision", "A deleted resource is not carried out: its user is one that is never changed."
    RETAIN = "retain", "A deleted resource goes, and its user stays as it is."
    ABANDON = "abandon", "As `retain`, because somebody annotated the resource `cxone.dev/abandon=true`."
    HIRE = "hr-hire", "An HR event is written to a resource: somebody begins."
    HR_UPDATE = "hr-update", "An HR event is written to a resource: somebody changes."
    TERMINATE = "hr-terminate", "An HR event is written to a resource: somebody ends."
    REHIRE = "hr-rehire", "An HR event is written to a resource: somebody is back."
    APPROVE = "approve-deprovisioning", "Somebody has approved exactly the set of leavers that was held."


class Result(Word):
    """What became of it."""

    SUCCESS = "success", "CXone has done it; for `retain`, `abandon` and `approve-deprovisioning`: nothing was sent."
    FAILURE = "failure", "The request was made, and nothing was changed; `errorCode`, `reason` and `error` say why."
    UNKNOWN = "unknown", "The request was made, and no answer says whether it was carried out; it is read back."
    REFUSED = (
        "refused",
        "Nothing was sent, nor will be before somebody changes something; `reason` and `error` say why.",
    )
    HELD = "held", "Nothing was sent: the deprovisioning guard waits for an approval."
    ABANDONED = "abandoned", "A bulk job is followed no longer; its users are read back."


class AuditLine(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One line. What does not apply is left out."""

    action: Act
    """What is done, see below."""
    result: Result
    """What became of it, see below."""
    tenant: str = ""
    """The tenant as namespace/name, or `environment`."""
    user_name: str = ""
    """Whom it concerns, by the userName in CXone."""
    resource: Mapping[str, str] = {}
    """Namespace, name and uid of the CxoneUser; of a bulk job its id, of an approval its plan."""
    changes: Mapping[str, str] = {}
    """Field → "old → new", as CXone names the fields."""
    requested_by: str = ""
    """The field manager that last changed the spec, by metadata.managedFields; all of them where several did within
    one second. Of `abandon` and `approve-deprovisioning` the one that set the annotation. Which person that was, the
    audit log of the API server tells."""
    webhook_id: str = ""
    """The event of the HR system behind that change, if there is one: its webhook-id."""
    remote_request_id: str = ""
    """CXone's own name for the request, from its answer, to give to its support."""
    bulk_job: str = ""
    """The bulk job that carried it out."""
    reason: str = ""
    """Why it was not done, in one word: a reason of the conditions."""
    error_code: str = ""
    """How the request failed: an HTTP status, or `timeout`, `connection`, `malformed`, `job`."""
    error: str = ""
    """Why it was not done, in a sentence."""
    duration_seconds: float | None = None
    """Seconds from the decision to send it until the answer; in a bulk job until the user was read back."""


Audit = Callable[[AuditLine], None]


def write_audit(line: AuditLine) -> None:
    """Print the line at once."""
    sys.stdout.write(encoded(line, datetime.now(UTC)) + "\n")
    sys.stdout.flush()


def encoded(line: AuditLine, moment: datetime) -> str:
    """The line as JSON; `log=audit` tells it from every other line."""
    head = {"log": "audit", "time": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
    return msgspec.json.encode({**head, **msgspec.to_builtins(line)}).decode()
