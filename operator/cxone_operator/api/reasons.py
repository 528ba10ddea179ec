"""Every reason that a condition can carry, once, with one line of meaning each.

Reasons are part of the API: tools match on them, so a name never changes its meaning. The line after each
member is its documentation; `meaning()` returns it, and the reference page is generated from it.
"""

from __future__ import annotations

from cxone_operator.words import Word


class Reason(Word):
    """Machine-readable cause of a condition's status (Kubernetes API conventions, metav1.Condition.reason)."""

    PENDING = "Pending", "Seen by nobody yet: the default of a new resource."
    SUCCEEDED = "Succeeded", "CXone agrees with the spec."
    PROGRESSING = "Progressing", "Work is going on."
    PROGRESSING_WITH_RETRY = "ProgressingWithRetry", "The last attempt failed in a way that passes; it is repeated."
    SUSPENDED = "Suspended", "Held by spec.suspend of the user or of its tenant."
    DELETING = "Deleting", "The resource is being deleted; the user is being deprovisioned."
    SCHEDULED = "Scheduled", "Inactive for now; becomes active at spec.activeFrom."

    LICENSE_UNAVAILABLE = "LicenseUnavailable", "Waits for a free seat and continues by itself."
    RATE_LIMITED = "RateLimited", "CXone refused a request because there were too many; it is repeated."
    TENANT_NOT_READY = "TenantNotReady", "Waits for the CxoneTenant, its Secret or its first directory snapshot."
    DEPROVISIONING_HELD = "DeprovisioningHeld", "Waits for somebody to approve the deprovisioning plan."
    JOB_RUNNING = "JobRunning", "Waits for a bulk job of CXone to end."

    INVALID_SPEC = "InvalidSpec", "The spec asks for something that cannot be."
    ROLE_NOT_FOUND = "RoleNotFound", "CXone has no role of that name."
    GROUP_NOT_FOUND = "GroupNotFound", "CXone has no group of that name."
    OWNERSHIP_CONFLICT = "OwnershipConflict", "Another resource owns this userName, or the account that has it."
    ALREADY_EXISTS = "AlreadyExists", "The user exists in CXone and adoptionPolicy is Never."
    AMBIGUOUS_MATCH = "AmbiguousMatch", "More than one account of CXone could be meant; nothing is written."
    PROTECTED_USER = "ProtectedUser", "The tenant protects this user from every change."
    UNSUPPORTED = "Unsupported", "The tenant's API, or its safety settings, do not offer this."
    AUTHENTICATION_FAILED = "AuthenticationFailed", "CXone refuses the tenant's credentials."
    PERMISSION_DENIED = "PermissionDenied", "The tenant's client lacks a scope or a permission."
    REMOTE_REJECTED = "RemoteRejected", "CXone refuses the request for good."

    LICENSED = "Licensed", "Holds a seat."
    RELEASED = "Released", "Inactive; the seat was given back."
    NOT_REQUIRED = "NotRequired", "Inactive and never held a seat, or the tenant does not count seats."
    DIFFERENCES_FOUND = "DifferencesFound", "CXone differs from the spec, and the policy is to report it only."
    REMOTE_UNAVAILABLE = "RemoteUnavailable", "CXone does not answer, or answers with a server error."
