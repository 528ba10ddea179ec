"""The proof: what the operator would do with a resource and its account, by its own plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from cxone_operator.api.meta import USER_FINALIZER
from cxone_operator.api.tenant import TenantSpec
from cxone_operator.api.user import decode_user
from cxone_operator.core.actions import Settle, Update
from cxone_operator.core.capabilities import Capabilities
from cxone_operator.core.desired import schedule
from cxone_operator.core.facts import Facts
from cxone_operator.core.knowledge import Present
from cxone_operator.core.plan import plan
from cxone_operator.core.users import Field, RemoteUser
from cxone_operator.importing.person import LeftOut, Person

_REMEDIES = {
    Field.EMAILS: "no CxoneUser can say its e-mail addresses; give it a primary one in CXone",
    Field.ROLES: "it would get defaults.role of the tenant; give it a role in CXone, or take that default away",
    Field.TIMEZONE: "it would get defaults.timezone of the tenant; give it a time zone in CXone, or take that away",
    Field.GROUPS: "no CxoneUser can say its groups; take defaults.groups of the tenant away",
}
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")
"""Nothing that is imported depends on the time."""


def check(person: Person, account: RemoteUser, tenant: TenantSpec, offers: Capabilities) -> LeftOut | None:
    """None where nothing happens to the account after the resource was claimed."""
    action = plan(_facts(person, account, tenant, offers))
    if isinstance(action, Settle):
        return None
    fields = action.change.fields if isinstance(action, Update) else ()
    known = [_REMEDIES[field] for field in fields if field in _REMEDIES]
    other = f"the operator would change {', '.join(fields) or 'it'}; correct that in CXone"
    return LeftOut(person.user_name, "; ".join(known) or other)


def _facts(person: Person, account: RemoteUser, tenant: TenantSpec, offers: Capabilities) -> Facts:
    user = decode_user({"metadata": _metadata(person.annotations), "spec": person.spec})
    return Facts(user, tenant, schedule(user.spec, _EPOCH), Present(account), offers=offers)


def _metadata(annotations: Mapping[str, str]) -> dict[str, object]:
    """Of the resource as soon as it is claimed."""
    return {"name": "", "namespace": "", "uid": "", "finalizers": [USER_FINALIZER], "annotations": dict(annotations)}
