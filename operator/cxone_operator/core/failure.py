"""What went wrong, as a value: the common language between the SCIM client and the decisions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from cxone_operator.api.reasons import Reason
from cxone_operator.api.user import Difference


class Scope(Enum):
    """Whom a failure concerns."""

    USER = auto()
    """This user's request only; other users go on."""
    TENANT = auto()
    """Every request to the tenant would fail the same way (authentication, no connection, rate limit)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed remote request, reduced to what decides the next step."""

    reason: Reason
    message: str
    """For people: what is wrong and what to do. Carries no secret and no token."""
    retryable: bool
    """True: the same request may succeed later. False: only a change by somebody helps."""
    scope: Scope = Scope.USER
    uncertain: bool = False
    """True: the change may have been made although no answer came (read back before deciding)."""
    news: bool = False
    """True: CXone is not as we thought (the account is gone, exists, was changed): look again before anything else."""
    tried: bool = True
    """False: the request was given up before anything was sent."""
    retry_after: float | None = None
    """Seconds that the server asked to wait, None where it said nothing."""
    code: str = ""
    """HTTP status or a short word (`timeout`), for metrics and the audit log."""
    differences: tuple[Difference, ...] = ()
    """What CXone shows otherwise than it was asked for, where it accepted the request all the same."""
    request_id: str = ""
    """CXone's own name for the request, for its support; empty where no answer named one."""
