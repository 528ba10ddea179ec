"""Names: roles and groups that resources ask for, held against those that CXone has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cxone_operator.api.tenant import Defaults
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.desired import desired_state
from cxone_operator.core.equal import folded
from cxone_operator.core.suggestion import did_you_mean
from cxone_operator.core.users import Field, RemoteUser
from cxone_operator.doctor.check import Check, failed, ok, skipped, some, warning

_FIELDS = {"roles": Field.ROLES, "groups": Field.GROUPS}
Declared = Mapping[str, list[str]]
"""A name, and the resources that ask for it, or the place in the tenant."""


@dataclass(slots=True)
class Known:
    """Names of one kind that CXone has shown."""

    names: set[str] = field(default_factory=set)
    told: bool = False
    """The server has told all that there are, whether or not anybody has them."""


def declared(users: Iterable[CxoneUser], defaults: Defaults, attribute: str) -> Declared:
    """Of the tenant's defaults, and of those who stay; `attribute` is `roles` or `groups`."""
    for_all = {"roles": (defaults.role,) if defaults.role else (), "groups": defaults.groups or ()}
    found: dict[str, list[str]] = {name: ["spec.defaults"] for name in for_all[attribute]}
    for user in users:
        state = desired_state(user.spec, defaults, user.spec.active)
        names = getattr(state, attribute) if user.spec.active and not user.metadata.deleting else None
        for name in names or ():
            found.setdefault(name, []).append(user.metadata.name)
    return found


def compared(
    users: Iterable[CxoneUser],
    defaults: Defaults,
    seen: Iterable[RemoteUser],
    offers: Capabilities,
    *,
    whole: bool,
) -> list[Check]:
    """What is declared against what the accounts `seen` and the server itself tell. `whole`: these are all accounts."""
    told = {"roles": offers.roles, "groups": offers.groups}
    known = {name: Known(set(told[name])) for name, field in _FIELDS.items() if field not in offers.unmanaged}
    if "groups" in known:
        known["groups"].told = bool(offers.groups)
    for user in seen:
        learn(known, user)
    users = tuple(users)
    return [
        check
        for name, found in known.items()
        for check in judge(name, declared(users, defaults, name), found, whole=whole)
    ]


def learn(known: Mapping[str, Known], user: RemoteUser) -> None:
    """What an account has; an id counts as much as the name that is shown with it."""
    displays = dict(user.state.displays)
    for attribute, kind in known.items():
        values = getattr(user.state, attribute) or ()
        kind.names.update(values, (displays[value] for value in values if value in displays))


def judge(attribute: str, wanted: Declared, known: Known, *, whole: bool) -> list[Check]:
    """A line for each name that CXone does not have. `whole`: every account was seen."""
    have = {folded(name) for name in known.names}
    lacking = {name: who for name, who in wanted.items() if folded(name) not in have}
    if not known.names and not known.told:
        return [skipped(attribute, f"no account of CXone has {attribute} to compare with")]
    lines = [
        line
        for name, who in sorted(lacking.items())
        if (line := _line(attribute, name, who, known, whole=whole)) is not None
    ]
    return lines or [ok(attribute, f"{len(wanted)} declared, and CXone has them" if wanted else "none are declared")]


def _line(attribute: str, name: str, who: list[str], known: Known, *, whole: bool) -> Check | None:
    """None where only some accounts were seen, and none of them has anything like it."""
    meant = did_you_mean(name, known.names)
    text = f"{attribute.removesuffix('s')} '{name}' ({some(who)})"
    remedy = f"did you mean '{meant}'?" if meant else "make it in CXone, or correct the resources"
    if known.told:
        return failed(attribute, f"{text} does not exist in CXone", remedy)
    seen = "nobody in CXone has" if whole else "none of the first accounts in CXone has"
    return warning(attribute, f"{seen} {text}", remedy) if whole or meant else None
