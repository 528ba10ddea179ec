"""The resources of people on the API server: found by who they are, written by server-side apply, never by force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cxone_operator.api.hr import HrEvent, decode_events, decode_names
from cxone_operator.api.meta import FORMER_USER_NAMES, HR_EVENTS, HR_MANAGER, InvalidResource
from cxone_operator.api.user import PLURAL, CxoneUser, decode_user
from cxone_operator.bridge.decision import MANAGED_BY, Apply, manifest
from cxone_operator.bridge.event import Event
from cxone_operator.bridge.ownership import applied_spec, other_owner
from cxone_operator.bridge.person import Found, Person
from cxone_operator.bridge.roster import Roster
from cxone_operator.cluster.bodies import mapping, metadata
from cxone_operator.cluster.errors import ClusterError, Forbidden, Gone, Invalid, Unreachable
from cxone_operator.cluster.pages import collection, pages
from cxone_operator.cluster.server import APPLY, ApiServer, Body
from cxone_operator.core.naming import resource_names
from cxone_operator.core.users import key_of

WriteObserver = Callable[[str, str], None]
"""Called with (plural, HTTP status) after each write."""
_BLOCKING = ("activeFrom", "activeUntil")
"""Fields that an event may want to be empty."""


@dataclass(frozen=True, slots=True)
class _Resource:
    user: CxoneUser
    body: Body
    """The same as it is stored, with what the typed form leaves out."""


class Store:
    """The users of one tenant in one namespace."""

    def __init__(
        self, server: ApiServer, roster: Roster, namespace: str, tenant: str, observe_write: WriteObserver
    ) -> None:
        self._server = server
        self._roster = roster
        self.namespace = namespace
        self.tenant = tenant
        self._observe_write = observe_write
        self._path = collection(PLURAL, namespace)

    async def find(self, event: Event, *, certain: bool) -> tuple[Found, ...]:
        """Every resource that the event's employeeId or address may name, the oldest first, as for the operator.

        `certain` asks the API server even where the roster answers. Raises ClusterError.
        """
        names, answered = self._hinted(event)
        if certain or not answered:
            names |= await self._search(event)
            names |= self._hinted(event)[0]  # whose watch may have spoken meanwhile
        resources = [resource for name in sorted(names) if (resource := await self._get(name)) is not None]
        ours = [resource for resource in resources if resource.user.spec.tenant_ref.name == self.tenant]
        if not ours and self._roster.problem is not None:
            raise Unreachable(self._roster.problem)
        return tuple(_found(resource) for resource in sorted(ours, key=lambda resource: resource.user.age_order))

    async def new_name(self, event: Event, person: Person, *, certain: bool) -> str:
        """A name for a new resource, free as far as is known, or for `certain`. Raises Unreachable where none is."""
        going = {gone.name for gone in person.gone}
        for name in resource_names(event.email, event.employee_id):
            if name not in going and not (certain and await self._get(name) is not None):
                return name
        raise Unreachable("every name for the CxoneUser is taken by another one, or by one that is being deleted")

    async def apply(self, name: str, wanted: Apply, happened: HrEvent, person: Person) -> Mapping[str, str]:
        """Create or change the resource; which one it is, with its uid.

        Raises Conflicted where it is not as it was found, Owned where a field is somebody else's, or ClusterError.
        """
        body = manifest(self.namespace, name, wanted, happened, person)
        try:
            stored = await self._server.request(
                "PATCH", f"{self._path}/{name}", body=body, params={"fieldManager": HR_MANAGER}, patch=APPLY
            )
        except ClusterError as error:
            self._observe_write(PLURAL, type(error).__name__.lower())
            raise
        self._observe_write(PLURAL, "200")
        return {"namespace": self.namespace, "name": name, "uid": metadata(stored, "uid")}

    def _hinted(self, event: Event) -> tuple[set[str], bool]:
        """What the roster names, and whether it knows all that the event says of who it is."""
        holders = self._roster.of_address(event.email)
        mine = self._roster.of_employee(event.employee_id) if event.employee_id is not None else holders
        return {*holders, *mine}, bool(holders and mine)

    async def _search(self, event: Event) -> set[str]:
        """Names under which a resource may be: what the API server finds, and the one that we would give it."""
        names = {next(resource_names(event.email, event.employee_id))}
        selectors = [("spec.userName", form) for form in sorted({event.email, key_of(event.email)})]
        if event.employee_id is not None:
            selectors.append(("spec.employeeId", event.employee_id))
        for field, value in selectors:
            names |= await self._selected(f"{field}={_escaped(value)}")
        return names

    async def _selected(self, selector: str) -> set[str]:
        try:
            found = [page async for page in pages(self._server, self._path, {"fieldSelector": selector})]
        except Invalid as error:
            raise Forbidden(f"the CRD of CxoneUser is older than this bridge; apply the new one: {error}") from error
        return {metadata(item, "name") for page in found for item in page.items}

    async def _get(self, name: str) -> _Resource | None:
        try:
            body = await self._server.request("GET", f"{self._path}/{name}")
            return _Resource(decode_user(body), body)
        except Gone:
            return None
        except InvalidResource as error:
            raise ClusterError(f"CxoneUser {name} cannot be read: {error}") from error


def _escaped(value: str) -> str:
    """As a field selector wants it (Kubernetes, `fields.EscapeValue`)."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def _found(resource: _Resource) -> Found:
    user, body = resource.user, resource.body
    owners = {field: other_owner(body, field) for field in _BLOCKING}
    stored = mapping(body.get("metadata"))
    return Found(
        name=user.metadata.name,
        resource_version=user.metadata.resource_version,
        spec=user.spec,
        values=mapping(body.get("spec")),
        applied=applied_spec(body),
        owners={field: owner for field, owner in owners.items() if owner is not None},
        events=decode_events(mapping(stored.get("annotations")).get(HR_EVENTS)),
        made_here=mapping(stored.get("labels")).get(MANAGED_BY) == HR_MANAGER,
        guessed=user.guessed_name,
        former=decode_names(user.metadata.annotations.get(FORMER_USER_NAMES)),
        deleting=user.metadata.deleting,
    )
