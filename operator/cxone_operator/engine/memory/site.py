"""Sites: the CxoneTenants of this process that mean the same CXone, and what is judged for all of them together.

The same base URL and the same client id are the same CXone, whatever the Secrets and namespaces are called. Two client
ids of one base URL may be two customers of one platform, and count as that, unless their tokens name the same tenant of
CXone: an account of one is then an account of the other. Each CxoneTenant keeps a loop of its own,
as defaults, policies and pauses are its own. Common are: who owns a userName and who inherits it, what a request of
ours makes doubtful, the leavers that are counted, and the rate limit.

Nothing of a neighbour is kept here. It is asked when it matters, which costs one look into a dict for each of them.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from cxone_operator.api.tenant import TenantSpec
from cxone_operator.api.user import CxoneUser
from cxone_operator.core.protection import is_protected
from cxone_operator.core.users import key_of
from cxone_operator.core.window import SlidingWindow
from cxone_operator.engine.memory.directory import Directory
from cxone_operator.engine.memory.doubts import InDoubt
from cxone_operator.engine.memory.leavers import PendingDeprovisionings
from cxone_operator.engine.memory.resources import Resources, by_right

_PORTS = {"http": ":80", "https": ":443"}
"""What a base URL need not say."""


class _By(Enum):
    """What tells one CXone from another at an address."""

    CLIENT = auto()
    TENANT = auto()


class Member(Protocol):
    """What a site sees of the memory of one loop."""

    spec: TenantSpec
    site: Site
    resources: Resources
    directory: Directory
    leavers: PendingDeprovisionings
    in_doubt: InDoubt

    @property
    def time(self) -> float:
        """Seconds of the loop's clock."""

    def may_make(self, user: CxoneUser) -> bool:
        """A request may still create an account for this resource."""

    def wake(self) -> None:
        """Have the loop take a turn soon."""


class Site:
    """One CXone, and everybody here who works on it."""

    def __init__(self, spec: TenantSpec, now: float) -> None:
        limit = spec.rate_limit.requests_per_minute
        self.window = SlidingWindow(limit, now, reserved_for_leavers(spec, limit))
        self.members: list[Member] = []

    def others(self, me: Member) -> list[Member]:
        """Everybody but this one, which may have left."""
        return [member for member in self.members if member is not me]

    def everybody(self, me: Member) -> list[Member]:
        """This one, and the others."""
        return [me, *self.others(me)]

    def contenders(self, user: CxoneUser, me: Member) -> list[CxoneUser]:
        """All resources of all members that manage this userName and are not being deleted.

        A neighbour that protects the user looks after nobody.
        """
        found = me.resources.contenders(user)
        for other in self.others(me):
            found += [one for one in other.resources.contenders(user) if not _protects(other, one)]
        return found

    def holder(self, account_id: str, me: Member) -> CxoneUser | None:
        """The resource that has the account of that id: of several, the oldest that is not being deleted."""
        found = [member.resources.holder(account_id) for member in self.everybody(me)]
        return min((one for one in found if one is not None), key=by_right, default=None)

    def named(self, key: str, me: Member) -> list[CxoneUser]:
        """All resources of that userName."""
        return [user for member in self.everybody(me) for user in member.resources.named(key)]

    def maker(self, key: str, me: Member) -> CxoneUser | None:
        """The resource for which an account of that name may still be made, though it declares another name."""
        claims = ((member, user) for member in self.everybody(me) for user in member.resources.claimed(key))
        return next((user for member, user in claims if member.may_make(user)), None)

    def mark(self, key: str, me: Member) -> None:
        """A resource of that userName has changed, so the others look at theirs: whose it is may have changed."""
        for other in self.others(me):
            if other.resources.mark_key(key):
                other.wake()

    def doubt(self, key: str, me: Member) -> None:
        """A request of this one has ended, so what the others have read of the user may be the past."""
        for other in self.others(me):
            other.directory.forget(key, other.time)
        self.mark(key, me)

    def inherit_doubt(self, user: CxoneUser, until: float, me: Member) -> None:
        """The resource is gone; what may still happen to its user until then may happen to those of its namesakes."""
        for key in {key_of(user.spec.user_name), key_of(user.claimed_as)}:
            for member in self.everybody(me):
                for heir in member.resources.concerned(key):
                    member.in_doubt.inherit(heir, until)

    def admitted(self, seconds: float, me: Member) -> int:
        """Users that the others have let lose access without approval within that window."""
        return sum(other.leavers.admissions.within(seconds, me.time).users for other in self.others(me))

    def agree_on_limit(self) -> None:
        """The least that any member allows, of which leavers keep the most that any member reserves."""
        specs = [member.spec for member in self.members]
        limit = min(spec.rate_limit.requests_per_minute for spec in specs)
        reserved = max(reserved_for_leavers(spec, limit) for spec in specs)
        if (limit, reserved) != (self.window.configured, self.window.reserved_for_leavers):
            self.window.configure(limit, reserved)


class Sites:
    """All CXones of one process."""

    def __init__(self) -> None:
        self._sites: dict[tuple[str, _By, str], Site] = {}
        """By address and client id, and by what CXone calls the tenant.

        A site outlives its members: what they have sent counts for those who come.
        """
        self._unread: list[Member] = []

    def expect(self, member: Member) -> Site:
        """A loop begins. Until its credentials have been taken it is alone, and may turn out to be a neighbour."""
        self._unread.append(member)
        site = Site(member.spec, member.time)
        site.members.append(member)
        return site

    def site_of(self, member: Member, client_id: str) -> Site:
        """Whose rate limit the member keeps while it tries the credentials that it has read."""
        key = address_of(member.spec.base_url), _By.CLIENT, client_id
        return self._sites.setdefault(key, Site(member.spec, member.site.window.started))

    def join(self, member: Member, client_id: str, tenant_id: str = "") -> None:
        """CXone has taken the credentials: the member works on this CXone, and on no other.

        Not before: whoever only knows the client id must not own anybody, nor keep a leaver from being locked out.
        `tenant_id`: what CXone calls it, empty where it has not said.
        """
        site = self._named(member, client_id, tenant_id) if tenant_id else self.site_of(member, client_id)
        if member not in site.members:
            self.leave(member)
            self._enter(member, site)
        self.settle(member)

    def settle(self, member: Member) -> None:
        """The credentials have been tried; where none were taken, nobody knows whose neighbour it would be."""
        if member in self._unread:
            self._unread.remove(member)
            for site in self._sites.values():
                for one in site.members:
                    one.wake()

    def replace(self, old: Member, new: Member) -> None:
        """A loop goes on in another one: on the same base URL its users must not seem to be gone meanwhile."""
        known = any(old.site is site for site in self._sites.values())
        if known and address_of(old.spec.base_url) == address_of(new.spec.base_url):
            self._enter(new, old.site)
        self.leave(old)

    def leave(self, member: Member) -> None:
        """It ends, or works on another CXone: what it wants counts no more, and nobody waits for what it will find."""
        self.settle(member)
        site = member.site
        if member in site.members:
            site.members.remove(member)
            if site.members:
                site.agree_on_limit()
            _introduce(member, site)

    def may_grow(self, member: Member) -> bool:
        """A loop of the same base URL has not shown yet whether it is a neighbour, and whom it owns."""
        unread = [other.spec.base_url for other in self._unread if other is not member]
        return any(address_of(base_url) == address_of(member.spec.base_url) for base_url in unread)

    def _named(self, member: Member, client_id: str, tenant_id: str) -> Site:
        """All clients of a tenant mean the same CXone, and keep its rate limit when they begin anew."""
        address, of_client = address_of(member.spec.base_url), self.site_of(member, client_id)
        site = self._sites.setdefault((address, _By.TENANT, tenant_id), of_client)
        self._sites[address, _By.CLIENT, client_id] = site
        return site

    def _enter(self, member: Member, site: Site) -> None:
        site.members.append(member)
        member.site = site
        site.agree_on_limit()
        _introduce(member, site)


def address_of(base_url: str) -> str:
    """Equal for two base URLs that mean the same (RFC 3986 section 6.2)."""
    scheme, _, rest = base_url.partition("://")
    host, _, path = rest.partition("/")
    scheme, host = scheme.lower(), host.lower()
    return f"{scheme}://{host.removesuffix(_PORTS.get(scheme, ''))}/{path.rstrip('/')}"


def reserved_for_leavers(spec: TenantSpec, limit: int) -> int:
    """Requests of each window of `limit` that only leavers get."""
    return limit * spec.rate_limit.reserved_percent_for_leavers // 100


def _protects(member: Member, user: CxoneUser) -> bool:
    return is_protected(user.spec.user_name, member.spec.safety.protected_users)


def _introduce(member: Member, site: Site) -> None:
    """Whom both know, both look at again."""
    for user in member.resources if site.others(member) else ():
        site.mark(key_of(user.spec.user_name), member)
    member.resources.mark_everything()
    member.wake()
