"""The resources of people on the API server: found by userName, written by server-side apply, never by force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cxone_operator.api.hr import HrEvent, decode_events
from cxone_operator.api.meta import HR_EVENTS, HR_MANAGER, InvalidResource
from cxone_operator.api.user import PLURAL, CxoneUser, decode_user
from cxone_operator.bridge.decision import MANAGED_BY, Apply, Found, manifest
from cxone_operator.bridge.naming import resource_names
from cxone_operator.bridge.ownership import applied_spec, other_owner
from cxone_operator.bridge.roster import Roster
from cxone_operator.cluster.bodies import mapping, metadata
from cxone_operator.cluster.errors import ClusterError, Gone, Unreachable
from cxone_operator.cluster.pages import collection, pages
from cxone_operator.cluster.server import APPLY, ApiServer, Body
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

    async def find(self, user_name: str, *, certain: bool) -> Found | None:
        """The resource that owns this userName, the oldest as for the operator; None where there is none.

        `certain` asks the API server even where the roster answers. Raises ClusterError.
        """
        names = set(self._roster.names(user_name))
        if certain or not (names or self._roster.live):
            names |= await self._search(user_name)
            names |= set(self._roster.names(user_name))  # whose watch may have spoken meanwhile
        resources = [resource for name in sorted(names) if (resource := await self._get(name)) is not None]
        owners = [resource for resource in resources if self._owns(resource, user_name)]
        return _found(min(owners, key=lambda owner: owner.user.age_order)) if owners else None

    async def new_name(self, user_name: str, *, certain: bool) -> str:
        """A name for a new resource, free as far as is known, or for `certain`.

        Raises Unreachable while the old one of that person is being deleted.
        """
        for name in resource_names(user_name):
            taken = await self._get(name) if certain else None
            if taken is None:
                return name
            if key_of(taken.user.spec.user_name) == key_of(user_name) and taken.user.metadata.deleting:
                raise Unreachable("the CxoneUser of this person is being deleted")
        raise Unreachable("every name for the CxoneUser is taken by somebody else's")

    async def apply(self, name: str, wanted: Apply, happened: HrEvent, found: Found | None) -> Mapping[str, str]:
        """Create or change the resource; which one it is, with its uid.

        Raises Conflicted where it is not as `found` any more, Owned where a field is somebody else's, or ClusterError.
        """
        body = manifest(self.namespace, name, wanted, happened, found)
        try:
            stored = await self._server.request(
                "PATCH", f"{self._path}/{name}", body=body, params={"fieldManager": HR_MANAGER}, patch=APPLY
            )
        except ClusterError as error:
            self._observe_write(PLURAL, type(error).__name__.lower())
            raise
        self._observe_write(PLURAL, "200")
        return {"namespace": self.namespace, "name": name, "uid": metadata(stored, "uid")}

    async def _search(self, user_name: str) -> set[str]:
        """Names under which a resource may be: what the API server finds, and the one that we would give it."""
        names = {next(resource_names(user_name))}
        for form in {user_name, key_of(user_name)}:
            selector = {"fieldSelector": "spec.userName=" + form.replace("=", "\\=")}
            async for page in pages(self._server, self._path, selector):
                names |= {metadata(item, "name") for item in page.items}
        return names

    async def _get(self, name: str) -> _Resource | None:
        try:
            body = await self._server.request("GET", f"{self._path}/{name}")
            return _Resource(decode_user(body), body)
        except Gone:
            return None
        except InvalidResource as error:
            raise ClusterError(f"CxoneUser {name} cannot be read: {error}") from error

    def _owns(self, resource: _Resource, user_name: str) -> bool:
        user = resource.user
        same = key_of(user.spec.user_name) == key_of(user_name) and user.spec.tenant_ref.name == self.tenant
        return same and not user.metadata.deleting


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
    )
