"""Groups as resources. Who is in one is written on the users; a group only shows it, and passes changes on to them."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cxone_simulator.attributes import Json, text
from cxone_simulator.errors import ScimProblem, invalid, missing
from cxone_simulator.filters import parse_filter
from cxone_simulator.patch import require_patch
from cxone_simulator.shapes import without_version
from cxone_simulator.tenant import Tenant

GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
_NAMES = {name.lower(): name for name in ("displayName", "externalId", "members")}


@dataclass(frozen=True, slots=True)
class _Group:
    id: str
    created: str
    external_id: str | None = None


@dataclass(slots=True)
class _Wanted:
    """What a request makes of a group; members by user id, in order."""

    name: str = ""
    external_id: str | None = None
    members: tuple[str, ...] = ()


class Groups:
    """The directory of groups; the settings hold their names, this their ids."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._known: dict[str, _Group] = {}

    def all(self) -> list[Json]:
        """Every group with its members."""
        return [self._shown(name, group) for name, group in self._directory().items()]

    def get(self, id_: str) -> Json:
        """One group; raises ScimProblem 404."""
        name = self._name_of(id_)
        return self._shown(name, self._known[name])

    def ids(self) -> Mapping[str, str]:
        """By their names."""
        return {name: group.id for name, group in self._directory().items()}

    def create(self, body: Mapping[str, Any], actor: str) -> Json:
        """A new group; raises ScimProblem."""
        _require_schema(body)
        wanted = self._checked(_changed(_Wanted(), "replace", None, body), "")
        self._tenant.settings.groups = [*self._tenant.settings.groups, wanted.name]
        group = _Group(str(uuid.uuid4()), _now(), wanted.external_id)
        self._known[wanted.name] = group
        self._move(wanted.name, wanted, actor)
        return self.get(group.id)

    def replace(self, id_: str, body: Mapping[str, Any], actor: str) -> Json:
        """PUT: members that are absent leave."""
        _require_schema(body)
        name = self._name_of(id_)
        return self._store(name, _changed(_Wanted(), "replace", None, body), actor)

    def patch(self, id_: str, body: Mapping[str, Any], actor: str) -> Json:
        """PATCH, all of it or nothing."""
        require_patch(self._tenant.settings)
        name = self._name_of(id_)
        wanted = _Wanted(name, self._known[name].external_id, tuple(self._member_ids(name)))
        for operation in self._operations(body):
            op, path = str(operation.get("op", "")).lower(), operation.get("path")
            wanted = _changed(wanted, op, path, operation.get("value"))
        return self._store(name, wanted, actor)

    def delete(self, id_: str, actor: str) -> None:
        """Remove a group; its members leave it."""
        name = self._name_of(id_)
        self._move(name, _Wanted(name), actor)
        self._tenant.settings.groups = [known for known in self._tenant.settings.groups if known != name]

    def _operations(self, body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Some servers know no filter in a path, and say 400 to it (scim, section 3)."""
        operations = _operations(body)
        filtered = any("[" in str(operation.get("path")) for operation in operations)
        if filtered and not self._tenant.settings.member_filters:
            raise ScimProblem(400, "members cannot be chosen by a filter; name them in the value", "invalidFilter")
        return operations

    def _shown(self, name: str, group: _Group) -> Json:
        resource = _resource(name, group, self._tenant.members_of(name))
        if self._tenant.settings.etags:
            return resource
        return {**resource, "meta": without_version(resource["meta"])}

    def _store(self, name: str, wanted: _Wanted, actor: str) -> Json:
        self._checked(wanted, name)
        group = self._known.pop(name)
        self._known[wanted.name] = _Group(group.id, group.created, wanted.external_id)
        known = self._tenant.settings.groups
        self._tenant.settings.groups = [wanted.name if item == name else item for item in known]
        self._move(name, wanted, actor)
        return self.get(group.id)

    def _move(self, name: str, wanted: _Wanted, actor: str) -> None:
        """Let the users' own lists of groups say what is wanted."""
        stay = set(wanted.members)
        for id_ in dict.fromkeys([*wanted.members, *self._member_ids(name)]):
            had = self._tenant.get(id_).get("groups", [])
            kept = [
                {**item, "value": wanted.name} if item["value"] == name else item
                for item in had
                if item["value"] != name or id_ in stay
            ]
            joins = id_ in stay and all(item["value"] != wanted.name for item in kept)
            groups = [*kept, {"value": wanted.name}] if joins else kept
            if groups != had:
                self._tenant.regroup(id_, groups, actor)

    def _checked(self, wanted: _Wanted, name: str) -> _Wanted:
        if not wanted.name:
            raise invalid("displayName is required")
        taken = {known.lower() for known in self._tenant.settings.groups if known != name}
        if wanted.name.lower() in taken:
            raise ScimProblem(409, f"displayName {wanted.name} is taken", "uniqueness")
        for id_ in wanted.members:
            if not self._tenant.has(id_):
                raise invalid(f"members names the user '{id_}', who does not exist")
        return wanted

    def _member_ids(self, name: str) -> list[str]:
        return [user["id"] for user in self._tenant.members_of(name)]

    def _name_of(self, id_: str) -> str:
        for name, group in self._directory().items():
            if group.id == id_:
                return name
        raise missing(f"group {id_}")

    def _directory(self) -> dict[str, _Group]:
        """The settings can be changed behind our back: new names get an id, abolished ones lose theirs."""
        self._known = {
            name: self._known.get(name) or _Group(str(uuid.uuid4()), _now()) for name in self._tenant.settings.groups
        }
        return self._known


def _changed(wanted: _Wanted, op: str, path: object, value: Any) -> _Wanted:  # noqa: ANN401
    if op not in ("add", "remove", "replace"):
        raise ScimProblem(400, f"op must be add, remove or replace, not '{op}'", "invalidSyntax")
    if path is None:
        return _changed_whole(wanted, op, value)
    attribute, condition = _parsed(path)
    if attribute == "members":
        return _Wanted(wanted.name, wanted.external_id, _members(wanted.members, op, condition, value))
    new = None if op == "remove" or value is None else text(attribute, value)
    if attribute == "externalId":
        return _Wanted(wanted.name, new, wanted.members)
    return _Wanted(new or "", wanted.external_id, wanted.members)


def _changed_whole(wanted: _Wanted, op: str, value: Any) -> _Wanted:  # noqa: ANN401
    if op == "remove":
        raise ScimProblem(400, "remove needs a path", "noTarget")
    if not isinstance(value, Mapping):
        raise invalid("without a path the value must be an object")
    for name, item in value.items():
        if name.lower() in _NAMES:
            wanted = _changed(wanted, op, name, item)
    return wanted


def _parsed(path: object) -> tuple[str, str | None]:
    if not isinstance(path, str):
        raise ScimProblem(400, "path must be a string", "invalidPath")
    own = path[len(GROUP_SCHEMA) + 1 :] if path.lower().startswith(f"{GROUP_SCHEMA}:".lower()) else path
    name, bracket, rest = own.partition("[")
    attribute = _NAMES.get(name.lower())
    if attribute is None or (bracket and (attribute != "members" or not rest.endswith("]"))):
        raise ScimProblem(400, f"there is no attribute at '{path}'", "invalidPath")
    return attribute, rest[:-1] if bracket else None


def _members(had: tuple[str, ...], op: str, condition: str | None, value: Any) -> tuple[str, ...]:  # noqa: ANN401
    if condition is not None:
        if op != "remove":
            raise ScimProblem(400, "members of a group can be added and removed, not changed", "mutability")
        leaves = parse_filter(condition).matches
        return tuple(id_ for id_ in had if not leaves({"value": id_}))
    named = tuple(_ids(value))
    if op == "remove":
        # Without a value all leave; with one, those whom it names: some clients know no filters.
        return tuple(id_ for id_ in had if id_ not in named) if value is not None else ()
    return tuple(dict.fromkeys((*(had if op == "add" else ()), *named)))


def _ids(value: Any) -> Iterable[str]:  # noqa: ANN401
    for item in value if isinstance(value, list) else [] if value is None else [value]:
        if not isinstance(item, Mapping) or not isinstance(item.get("value"), str):
            raise invalid("members.value is required")
        yield item["value"]


def _operations(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if not isinstance(found, list) or not found or not all(isinstance(item, Mapping) for item in found):
        raise ScimProblem(400, "Operations must be a list of one or more objects", "invalidSyntax")
    return found


def _require_schema(body: Mapping[str, Any]) -> None:
    schemas = body.get("schemas")
    if not isinstance(schemas, list) or GROUP_SCHEMA not in schemas:
        raise invalid(f"schemas must contain {GROUP_SCHEMA}")


def _resource(name: str, group: _Group, users: list[Json]) -> Json:
    body: Json = {"schemas": [GROUP_SCHEMA], "id": group.id, "displayName": name}
    if group.external_id is not None:
        body["externalId"] = group.external_id
    if users:
        body["members"] = [{"value": user["id"], "$ref": user["meta"]["location"]} for user in users]
    version = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    location = f"/scim/v2/Groups/{group.id}"
    meta = {"resourceType": "Group", "created": group.created, "version": f'W/"{version}"', "location": location}
    return {**body, "meta": meta}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
