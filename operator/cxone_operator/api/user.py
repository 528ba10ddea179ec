"""CxoneUser as typed values: what people declare (`spec`) and what they are told (`status`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from cxone_operator.api.conditions import Condition, find, shared
from cxone_operator.api.meta import (
    ABANDON,
    CLAIMED_AS,
    GUESSED_NAME,
    IMPORTED_INACTIVE,
    RECONCILE_REQUESTED_AT,
    USER_FINALIZER,
    InvalidResource,
    Metadata,
    Reference,
    trimmed,
)

PLURAL = "cxoneusers"
KIND = "CxoneUser"

DeletionPolicy = Literal["Deactivate", "Delete", "Retain"]


class Name(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """SCIM `name` (RFC 7643 section 4.1.1), both parts required."""

    given_name: str
    family_name: str


class EmailSpec(msgspec.Struct, frozen=True, gc=False):
    """One declared e-mail address."""

    value: str
    type: str = "work"
    primary: bool = False


class PhoneNumberSpec(msgspec.Struct, frozen=True, gc=False):
    """One declared telephone number."""

    value: str
    type: str = "work"


class TenantReference(msgspec.Struct, frozen=True, gc=False):
    """The CxoneTenant in the same namespace."""

    name: str = "default"


class UserSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The desired state; None means "not declared", so not managed."""

    user_name: str
    name: Name
    role: str | None = None
    secondary_roles: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None
    active: bool = True
    tenant_ref: TenantReference = TenantReference()
    emails: tuple[EmailSpec, ...] | None = None
    display_name: str | None = None
    phone_numbers: tuple[PhoneNumberSpec, ...] | None = None
    timezone: str | None = None
    team: str | None = None
    employee_id: str | None = None
    active_from: datetime | None = None
    active_until: datetime | None = None
    deletion_policy: DeletionPolicy | None = None
    adoption_policy: Literal["Adopt", "Never"] = "Adopt"
    management_policy: Literal["Full", "ObserveOnly"] = "Full"
    suspend: bool = False


class Difference(msgspec.Struct, frozen=True, gc=False):
    """One declared field that CXone has otherwise."""

    field: str
    desired: str
    actual: str


class UserStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What the operator last told the author."""

    observed_generation: int | None = None
    user_id: str | None = None
    active: bool | None = None
    differences: tuple[Difference, ...] = ()
    last_handled_reconcile_at: str | None = None
    conditions: tuple[Condition, ...] = ()

    def __post_init__(self) -> None:
        """What many say is kept once."""
        msgspec.structs.force_setattr(self, "conditions", tuple(map(shared, self.conditions)))

    @property
    def written(self) -> bool:
        """The operator has said something; otherwise it is the CRD's default."""
        return self.observed_generation is not None

    def condition(self, type_: str) -> Condition | None:
        """The condition of that type, or None."""
        return find(self.conditions, type_)


class CxoneUser(msgspec.Struct, frozen=True, gc=False):
    """One resource, as last seen."""

    metadata: Metadata
    spec: UserSpec
    status: UserStatus = UserStatus()

    @property
    def reference(self) -> Reference:
        """The object that writes to this resource mean."""
        return Reference(self.metadata.namespace, self.metadata.name, self.metadata.uid)

    @property
    def claimed(self) -> bool:
        """The resource carries our finalizer, so it cannot vanish before the user is deprovisioned."""
        return USER_FINALIZER in self.metadata.finalizers

    @property
    def claimed_as(self) -> str:
        """The userName of the account that we look for or make, as long as its id is not recorded."""
        return self.metadata.annotations.get(CLAIMED_AS, self.spec.user_name) if self.claimed else self.spec.user_name

    @property
    def reconcile_requested_at(self) -> str | None:
        """The token of the last explicit request to reconcile, None if there never was one."""
        return self.metadata.annotations.get(RECONCILE_REQUESTED_AT)

    @property
    def abandoned(self) -> bool:
        """Break-glass: let the resource go and touch nothing remote."""
        return self.metadata.annotations.get(ABANDON) == "true"

    @property
    def imported_inactive(self) -> bool:
        """The account was inactive before there was this resource."""
        return self.metadata.annotations.get(IMPORTED_INACTIVE) == "true"

    @property
    def guessed_name(self) -> frozenset[str]:
        """The parts of the name that nobody has declared: `givenName`, `familyName`."""
        try:
            guess = msgspec.json.decode(self.metadata.annotations.get(GUESSED_NAME, "{}"), type=dict[str, str])
        except msgspec.DecodeError:
            return frozenset()
        name: dict[str, str] = msgspec.to_builtins(self.spec.name)
        return frozenset(part for part, value in guess.items() if name.get(part) == value)

    @property
    def age_order(self) -> tuple[str, str]:
        """Sorts resources oldest first, the same way on every run."""
        return (self.metadata.creation_timestamp, self.metadata.uid)


def decode_user(body: Mapping[str, object]) -> CxoneUser:
    """A CxoneUser from its JSON object; raises InvalidResource naming the field."""
    try:
        return msgspec.convert(trimmed(body), CxoneUser)
    except msgspec.ValidationError as error:
        raise InvalidResource(str(error)) from error


def known_user(body: Mapping[str, object]) -> CxoneUser | None:
    """A CxoneUser from its JSON object, None where it cannot be understood: the operator passes over it."""
    try:
        return decode_user(body)
    except InvalidResource:
        return None


def encode_status(status: UserStatus) -> dict[str, object]:
    """The status for a merge patch: absent values are null, so that the server drops them (RFC 7396)."""
    encoded: dict[str, object] = msgspec.to_builtins(status)
    return encoded
