"""How users look on the wire. They are kept in one way whatever the preset: roles, groups and teams by their names.

A shape translates from that and to it; what it says nothing of is on the wire as it is kept. `Platform` says nothing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cxone_simulator.attributes import EXTENSIONS, NICE_SCHEMA, USER_SCHEMA, Json, canonical, normalised
from cxone_simulator.errors import ScimProblem, invalid
from cxone_simulator.patch import apply_patch, operations_of
from cxone_simulator.settings import Settings

_NAMESPACE = uuid.UUID("5f0c1d5e-3a5b-4c8e-9d63-6f2f0f6f7a11")

GroupIds = Callable[[], Mapping[str, str]]
"""The ids of groups by their names."""


def _same(value: Any) -> Any:  # noqa: ANN401
    return value


def _as_sent(value: Any, _old: Any) -> Any:  # noqa: ANN401
    return value


@dataclass(frozen=True, slots=True)
class Part:
    """One attribute, where it is not on the wire as it is kept."""

    there: bool = True
    """False: users have no such attribute here; a PATCH of it is invalidPath."""
    writable: bool = True
    """False: ignored in whatever is sent (RFC 7644 section 3.3)."""
    name: str = ""
    """On the wire; empty where it is the one that it is kept under."""
    shown: Callable[[Any], Any] = _same
    """From the value that is kept to the one on the wire."""
    taken: Callable[[Any, Any], Any] = _as_sent
    """From the value on the wire, and the one kept so far or None, to the one to keep; raises ScimProblem."""


_PLAIN = Part()


@dataclass(frozen=True, slots=True)
class Shape:
    """The users of one preset on the wire."""

    parts: Mapping[str, Part] = field(default_factory=dict)
    """By the names that attributes are kept under."""
    schemas: tuple[str, ...] = (USER_SCHEMA, NICE_SCHEMA)
    """What a body may name in `schemas`; without any it need not name one."""
    extension: tuple[str, ...] = EXTENSIONS["Platform"]
    """What the extension can have."""
    default_role: str = ""
    """What a new user gets that has no role."""
    default_op: str = ""
    """What an operation of a PATCH does that does not say it; none may be left out where this is empty."""
    no_seat: tuple[int, str] = (403, "no licence available: {used} of {total} seats in use")
    """The status and the words for whoever finds no seat."""

    def show(self, user: Json) -> Json:
        """A user as it is answered."""
        dressed = self._dressed(user)
        return {self._part(name).name or name: value for name, value in dressed.items()} if self.parts else dressed

    def take(self, body: Mapping[str, Any], old: Json) -> Json:
        """What a body makes of a user, {} for a new one; raises ScimProblem."""
        return self._undressed(normalised(self._renamed(body), self.extension), old)

    def patched(self, old: Json, body: Mapping[str, Any]) -> Json:
        """What a PatchOp makes of a user; raises ScimProblem."""
        operations = operations_of(body)
        if self.parts:
            operations = [own for own in map(self._operation, operations) if own is not None]
        changed = apply_patch(self._dressed(old), operations, self.extension)
        return self._undressed(normalised(changed, self.extension), old)

    def with_default_role(self, user: Json) -> Json:
        """A new user has a role, where the tenant gives one."""
        given = user.get("roles") or not self.default_role
        return user if given else {**user, "roles": [{"value": self.default_role}]}

    def _dressed(self, user: Json) -> Json:
        """Values as on the wire, names as kept."""
        if not self.parts:
            return user
        parts = {name: self._part(name) for name in user}
        return {name: parts[name].shown(value) for name, value in user.items() if parts[name].there}

    def _undressed(self, user: Json, old: Json) -> Json:
        """The way back; what cannot be written stays as it was."""
        held = [name for name, part in self.parts.items() if not (part.there and part.writable)]
        taken = {name: self._part(name).taken(value, old.get(name)) for name, value in user.items() if name not in held}
        return {**taken, **{name: old[name] for name in held if name in old}}

    def _renamed(self, body: Mapping[str, Any]) -> Json:
        found = {name: self._find(name) for name in body}
        return {at[0]: body[name] for name, at in found.items() if at is not None and at[1].writable}

    def _operation(self, operation: Any) -> Any:  # noqa: ANN401
        """An operation with the names as kept; None where it is of what is ignored. Raises ScimProblem."""
        if not isinstance(operation, Mapping):
            return operation
        op, path, value = operation.get("op", self.default_op), operation.get("path"), operation.get("value")
        if path is None and isinstance(value, Mapping):
            return {**operation, "op": op, "value": self._renamed(value)}
        if not isinstance(path, str):
            return {**operation, "op": op}
        head, rest = _split(path)
        found = self._find(head)
        if found is None:
            raise ScimProblem(400, f"there is no attribute at '{path}'", "invalidPath")
        return {**operation, "op": op, "path": found[0] + rest} if found[1].writable else None

    def _find(self, name: str) -> tuple[str, Part] | None:
        """The name that an attribute is kept under, and its part; None where there is no such attribute."""
        for kept, part in self.parts.items():
            if (part.name or kept).lower() == name.lower():
                return (kept, part) if part.there else None
        own = canonical(name)
        return None if own in self.parts else (own, _PLAIN)

    def _part(self, name: str) -> Part:
        return self.parts.get(name, _PLAIN)


def made_id(kind: str, name: str) -> str:
    """The id of a role or team: the same for the same name, as long as the tenant may live."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}:{name.casefold()}"))


def by_id(kind: str, names: Iterable[str]) -> dict[str, str]:
    """The names of roles or teams by their ids."""
    return {made_id(kind, name): name for name in names}


def platform_shape(_settings: Settings, _group_ids: GroupIds) -> Shape:
    """As users are kept (the provisioning tutorial)."""
    return Shape()


def standard_shape(settings: Settings, group_ids: GroupIds) -> Shape:
    """RFC 7643 section 4: no extension of CXone's, groups that only show what /Groups says."""
    absent = Part(there=False)
    parts = {
        NICE_SCHEMA: absent,
        "schemas": Part(shown=lambda _: [USER_SCHEMA]),
        "groups": Part(writable=False, shown=_direct_groups(group_ids())) if settings.shows_user_groups else absent,
    }
    if not settings.etags:
        parts["meta"] = Part(shown=without_version)
    roles = {"ids": _roles_by_id(settings), "entitlements": Part(name="entitlements"), "none": absent}
    if settings.roles_form in roles:
        parts["roles"] = roles[settings.roles_form]
    return Shape(parts, schemas=(USER_SCHEMA,), extension=EXTENSIONS["RFC7644"])


def user_hub_shape(settings: Settings, _group_ids: GroupIds) -> Shape:
    """The published product (cxone-and-peers, section 1.3).

    Roles and teams are ids; externalId cannot be written; answers say `timeZone`; `op` may be left out; and whoever is
    created without a role is an Agent. Beyond the user limit of the contract nobody is created (section 1.5).
    """
    parts = {
        "groups": Part(there=False),
        "externalId": Part(writable=False),
        "timezone": Part(name="timeZone"),
        "meta": Part(shown=without_version),
        "roles": _with_primary(_roles_by_id(settings)),
        NICE_SCHEMA: _team_by_id(settings),
    }
    no_seat = (400, "the user limit is reached: {used} of {total} users, no further one can be created")
    return Shape(
        parts,
        schemas=(),
        extension=EXTENSIONS["UserHub"],
        default_role="Agent",
        default_op="replace",
        no_seat=no_seat,
    )


SHAPES: Mapping[str, Callable[[Settings, GroupIds], Shape]] = {
    "Platform": platform_shape,
    "UserHub": user_hub_shape,
    "RFC7644": standard_shape,
}
"""By preset; made of the settings and the groups as they are at that moment."""


def without_version(meta: Json) -> Json:
    """`meta` of a server that has no ETags."""
    return _without(meta, "version")


def _direct_groups(ids: Mapping[str, str]) -> Callable[[list[Json]], list[Json]]:
    """`type` is direct: there are no groups in groups (RFC 7643 section 4.1.2)."""

    def shown(groups: list[Json]) -> list[Json]:
        known = [(ids[item["value"]], item["value"]) for item in groups if item["value"] in ids]
        return [
            {"value": id_, "display": name, "$ref": f"/scim/v2/Groups/{id_}", "type": "direct"} for id_, name in known
        ]

    return shown


def _roles_by_id(settings: Settings) -> Part:
    def shown(roles: list[Json]) -> list[Json]:
        return [{**item, **_reference("role", item["value"])} for item in roles]

    def taken(roles: list[Json], old: list[Json] | None) -> list[Json]:
        known = by_id("role", [*settings.roles, *(item["value"] for item in old or [])])
        kept = {_name_of("role", item, known): item for item in roles}
        return [{**_without(item, "display"), "value": name} for name, item in kept.items()]

    return Part(shown=shown, taken=taken)


def _with_primary(roles: Part) -> Part:
    """The first one is the primary role; only answers say so (cxone-and-peers, section 1.3)."""

    def shown(items: list[Json]) -> list[Json]:
        return [{**item, "primary": number == 0} for number, item in enumerate(roles.shown(items))]

    def taken(items: list[Json], old: list[Json] | None) -> list[Json]:
        return [_without(item, "primary") for item in roles.taken(items, old)]

    return Part(shown=shown, taken=taken)


def _team_by_id(settings: Settings) -> Part:
    def shown(extension: Json) -> Json:
        team = extension.get("team")
        return extension if team is None else {**extension, "team": _reference("team", team["value"])}

    def taken(extension: Json, old: Json | None) -> Json:
        team, had = extension.get("team"), (old or {}).get("team")
        if team is None:
            return extension
        known = by_id("team", [*settings.teams, *([had["value"]] if had else [])])
        return {**extension, "team": {"value": _name_of("team", team, known)}}

    return Part(shown=shown, taken=taken)


def _reference(kind: str, name: str) -> Json:
    return {"value": made_id(kind, name), "display": name}


def _name_of(kind: str, item: Json, known: Mapping[str, str]) -> str:
    name = known.get(item.get("value", ""))
    if name is None:
        raise invalid(f"{kind} '{item.get('value')}' is not the id of one in the directory")
    return name


def _without(item: Json, name: str) -> Json:
    return {key: value for key, value in item.items() if key != name}


def _split(path: str) -> tuple[str, str]:
    """The attribute that a path begins with, and the rest of the path."""
    lower = path.lower()
    if lower.startswith(NICE_SCHEMA.lower()):
        return NICE_SCHEMA, path[len(NICE_SCHEMA) :]
    own = path[len(USER_SCHEMA) + 1 :] if lower.startswith(f"{USER_SCHEMA}:".lower()) else path
    end = next((place for place, sign in enumerate(own) if sign in ".["), len(own))
    return own[:end], own[end:]
