"""What people and administrators do, as far as it makes sense at the moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chaos.simulation.cluster_model import TENANTS, USERS, Body, ClusterModel, tenant_of
from chaos.simulation.journal import ADMINISTRATOR, Origin, wall_clock
from chaos.simulation.remote_model import RemoteModel
from chaos.simulation.schedule import DEFAULT, Act, Dates, Hand, Outsider, Person, Setting, Tenant, TenantAct
from cxone_operator.api.meta import APPROVE_DEPROVISIONING, RECONCILE_REQUESTED_AT
from cxone_operator.core.users import Change, Email, Field, UserState
from cxone_operator.scim.errors import ScimError

TENANT = DEFAULT
SYNC_SECONDS = 30
ROLES = ("Agent", "Supervisor")
PEOPLE = 5


class People:
    """Everybody but the operator."""

    def __init__(self, setting: Setting, cluster: ClusterModel, remotes: Mapping[str, RemoteModel]) -> None:
        self._setting = setting
        self._cluster = cluster
        self._remotes = remotes
        self._made = 0

    def play(self, event: Person | Dates | Outsider | Tenant) -> None:
        """One of them does something."""
        match event:
            case Person(act, who):
                self.act(act, who)
            case Dates():
                self._date(event)
            case Outsider(hand, who, tenant):
                self._hand(hand, who, tenant)
            case Tenant(act, tenant) if self._setting.shared and act in _OF_ONE:
                self._readdress(act, tenant)
            case Tenant(act, tenant):
                self._change_tenant(act, tenant)

    def act(self, act: Act, who: int) -> None:
        """Somebody edits the newest resource of a person, or makes one."""
        current = self._current(who)
        match act:
            case Act.JOIN if current is None:
                self._create(who, self._home(who), f"p{who}")
            case Act.RECREATE if current is not None:
                tenant = self._tenant_of(current)
                self._cluster.delete(USERS, current)
                self._create(who, tenant)
            case Act.TRANSFER if current is not None and len(self._remotes) > 1:
                self._transfer(who, current)
            case Act.DUPLICATE if current is not None:
                self._create(who, self._tenant_of(current))
            case Act.DELETE if current is not None:
                self._cluster.delete(USERS, current)
            case Act.REQUEST if current is not None:
                self._cluster.annotate(USERS, current, RECONCILE_REQUESTED_AT, f"{self._cluster.now:.3f}")
            case Act.TOUCH if current is not None:
                self._cluster.annotate(USERS, current, "example.com/touched", f"{self._cluster.now:.3f}")
            case Act.MOVE if current is not None:
                role = self._cluster.objects[USERS, current]["spec"]["role"]
                self._cluster.edit(USERS, current, role=ROLES[1 - ROLES.index(role)])
            case _ if current is not None:
                self._edit(act, who, current)

    def _edit(self, act: Act, who: int, current: str) -> None:
        if act in _EDITS:
            self._cluster.edit(USERS, current, **_EDITS[act])
        elif act in (Act.RENAME, Act.TAKE):
            self._rename(act, who, current)

    def _rename(self, act: Act, who: int, current: str) -> None:
        name = self._cluster.objects[USERS, current]["spec"]["userName"].lower()
        other = f"{'q' if name[0] == 'p' else 'p'}{who}@example.com"
        taken = f"p{(who + 1) % PEOPLE}@example.com"
        self._cluster.edit(USERS, current, userName=other if act is Act.RENAME else taken)

    def _transfer(self, who: int, current: str) -> None:
        """In either order where both tenants are of the same CXone: one person must not be in two."""
        home = self._tenant_of(current)
        other = next(name for name in self._remotes if name != home)
        steps = [lambda: self._cluster.delete(USERS, current), lambda: self._create(who, other)]
        for step in reversed(steps) if self._setting.shared and self._made % 2 else steps:
            step()

    def approve(self) -> None:
        """Agree to whatever the deprovisioning guards hold."""
        for tenant in self._cluster.all(TENANTS):
            held = tenant["status"].get("deprovisioning", {}).get("planHash")
            if held and tenant["metadata"]["annotations"].get(APPROVE_DEPROVISIONING) != held:
                self._cluster.annotate(TENANTS, tenant["metadata"]["name"], APPROVE_DEPROVISIONING, held)

    def heal(self) -> None:
        """Put everything right that the operator cannot, but for outages.

        A Secret that is as it was stays so: a new one is a new connection, which frees whoever is stuck.
        """
        for name, remote in self._remotes.items():
            if self._secret_of(name) in self._cluster.secrets:
                self._set_secret(name, "secret healed")
            remote.refuses_credentials = False
            remote.next_jobs.clear()
            if self._cluster.find(TENANTS, name) is None:
                self.make_tenant(name)
            self._edit_tenant(name, suspend=False)

    def make_tenant(self, name: str) -> None:
        """A CxoneTenant."""
        self._cluster.create(TENANTS, name, self._tenant_spec(name))

    def _date(self, dates: Dates) -> None:
        """Somebody is to work from some moment on, or until one."""
        spec = {"activeFrom": self._in(dates.begins), "activeUntil": self._in(dates.ends)}
        current = self._current(dates.who)
        if dates.begins is not None and dates.ends is not None and dates.ends <= dates.begins:
            return  # the API server refuses it
        if current is None:
            self._create(dates.who, self._home(dates.who), **spec)
        else:
            self._cluster.edit(USERS, current, **spec)

    def _hand(self, hand: Hand, who: int, tenant: str) -> None:
        """An administrator changes a user in CXone."""
        origin, name, remote = Origin(ADMINISTRATOR, self._cluster.now), f"p{who}@example.com", self._remotes[tenant]
        found = remote.named(name)
        try:
            if hand in (Hand.OCCUPY, Hand.VACATE):
                _seat_somebody(remote, f"guest{who}@example.com", hand, origin)
            elif hand is Hand.CREATE:
                if not found:
                    remote.create(_state(name), origin)
            elif found and hand is Hand.DELETE:
                remote.delete(found[0].id, origin)
            elif found:
                remote.patch(found[0].id, _change_by_hand(found[0].state, hand), origin)
        except ScimError:
            return

    def _change_tenant(self, act: TenantAct, name: str) -> None:
        """Something happens to a tenant, its Secret or its seats."""
        remote = self._remotes[name]
        match act:
            case TenantAct.NO_SECRET:
                self._cluster.secrets[self._secret_of(name)] = None
            case TenantAct.SECRET:
                self._set_secret(name, f"secret {self._cluster.now}")
            case TenantAct.REFUSED | TenantAct.ACCEPTED:
                remote.refuses_credentials = act is TenantAct.REFUSED
            case TenantAct.DOWN | TenantAct.UP:
                remote.down = act is TenantAct.DOWN
            case TenantAct.FEWER_SEATS | TenantAct.MORE_SEATS:
                self._reseat(name, 1 if act is TenantAct.MORE_SEATS else -1)
            case TenantAct.SUSPEND | TenantAct.RESUME:
                self._edit_tenant(name, suspend=act is TenantAct.SUSPEND)
            case TenantAct.PROTECT | TenantAct.UNPROTECT:
                self._edit_tenant(name, safety=self._safety(protects=act is TenantAct.PROTECT))
            case TenantAct.READDRESS:
                self._edit_tenant(name, baseURL=f"http://cxone-{self._cluster.now}.example.com")
            case TenantAct.DELETE if self._cluster.find(TENANTS, name) is not None:
                self._cluster.delete(TENANTS, name)

    def _reseat(self, name: str, more: int) -> None:
        remote = self._remotes[name]
        remote.set_total(remote.total + more)
        administrator = Origin(ADMINISTRATOR, self._cluster.now)
        self._cluster.journal.add(self._cluster.now, administrator, "seats", name, f"{more:+}", name)
        for one in self._setting.tenants_of(name):
            self._edit_tenant(one, license=self._license(one))

    def _readdress(self, act: TenantAct, name: str) -> None:
        """Nobody knows which CXone a tenant means that is gone, or without credentials: that is left out."""
        if act is TenantAct.READDRESS:
            self._edit_tenant(name, baseURL=f"http://CXone.example.com:80{'/' * (self._made % 3)}")

    def _tenant_spec(self, name: str) -> Body:
        setting = self._setting
        return {
            "baseURL": "http://cxone.example.com",
            "credentialsSecretRef": {"name": self._secret_of(name)},
            "rateLimit": {"requestsPerMinute": setting.requests_per_minute},
            "bulk": {"minOperations": setting.min_operations, "maxOperations": 100, "jobTimeoutSeconds": 30},
            "license": self._license(name),
            "safety": self._safety(protects=bool(setting.protected)),
            "syncPeriodSeconds": SYNC_SECONDS,
            "suspend": False,
        }

    def _safety(self, *, protects: bool) -> Body:
        limits = self._setting.limits
        return {
            "deprovisioning": {
                "maxUsers": limits.max_users,
                "maxPercent": limits.max_percent,
                "minUsers": limits.min_users,
                "windowSeconds": limits.window_seconds,
            },
            "allowDelete": True,
            "protectedUsers": [self._setting.protected] if protects and self._setting.protected else [],
        }

    def _license(self, name: str) -> Body:
        mode, shortage = self._setting.license, self._setting.on_shortage
        limit = {"limit": self._remotes[name].total} if mode == "CountUsers" else {}
        return {"mode": mode, "onShortage": shortage, **limit}

    def _set_secret(self, tenant: str, secret: str) -> None:
        name = self._secret_of(tenant)
        self._cluster.secrets[name] = {"clientId": name, "clientSecret": secret}

    def _secret_of(self, tenant: str) -> str:
        return "cxone" if tenant == DEFAULT or self._setting.shared else f"cxone-{tenant}"

    def _edit_tenant(self, name: str, **spec: Any) -> None:
        if self._cluster.find(TENANTS, name) is not None:
            self._cluster.edit(TENANTS, name, **spec)

    def _home(self, who: int) -> str:
        """Where a person works who has not been transferred."""
        names = self._setting.tenant_names
        return names[who % len(names)]

    def _tenant_of(self, name: str) -> str:
        return tenant_of(self._cluster.objects[USERS, name])

    def _in(self, seconds: float | None) -> str | None:
        return (wall_clock(self._cluster.now) + timedelta(seconds=seconds)).isoformat() if seconds is not None else None

    def _create(self, who: int, tenant: str, name: str = "", **dates: str | None) -> None:
        self._made += 1
        name = name or f"p{who}-{self._made}"
        if self._cluster.find(USERS, name) is not None:
            return
        spec = {
            "userName": f"p{who}@example.com" if self._made % 2 else f"P{who}@Example.com",
            "name": {"givenName": "Pat", "familyName": "Smith"},
            "role": ROLES[0],
            "active": True,
            **({"tenantRef": {"name": tenant}} if tenant != DEFAULT else {}),
            **({"adoptionPolicy": "Never"} if who in self._setting.never else {}),
            **{key: value for key, value in dates.items() if value is not None},
        }
        self._cluster.create(USERS, name, spec)

    def _current(self, who: int) -> str | None:
        """The newest resource of a person that is not being deleted."""
        found = [
            (int(body["metadata"]["uid"].split("-")[1]), body["metadata"]["name"])
            for body in self._cluster.all(USERS)
            if body["spec"]["userName"].lower() in (f"p{who}@example.com", f"q{who}@example.com")
            and "deletionTimestamp" not in body["metadata"]
        ]
        return max(found)[1] if found else None


_EDITS: dict[Act, dict[str, Any]] = {
    Act.LEAVE: {"active": False},
    Act.REHIRE: {"active": True},
    Act.SUSPEND: {"suspend": True},
    Act.RESUME: {"suspend": False},
    Act.OBSERVE: {"managementPolicy": "ObserveOnly"},
    Act.MANAGE: {"managementPolicy": "Full"},
    Act.RETAIN: {"deletionPolicy": "Retain"},
    Act.ERASE: {"deletionPolicy": "Delete"},
    Act.ADOPT: {"adoptionPolicy": "Adopt"},
}


_OF_ONE = (TenantAct.NO_SECRET, TenantAct.DELETE, TenantAct.READDRESS)
"""What is different for tenants of one CXone."""


def _seat_somebody(remote: RemoteModel, name: str, hand: Hand, origin: Origin) -> None:
    """Of whom no resource knows; a seat is free as late as any other."""
    found = remote.named(name)
    if not found and hand is Hand.OCCUPY:
        remote.create(_state(name), origin)
    elif found and found[0].state.active is not (hand is Hand.OCCUPY):
        active = replace(found[0].state, active=hand is Hand.OCCUPY)
        remote.patch(found[0].id, Change(active, (Field.ACTIVE,)), origin)


def _change_by_hand(state: UserState, hand: Hand) -> Change:
    if hand is Hand.RENAME:
        return Change(replace(state, user_name=f"x{state.user_name}"), (Field.USER_NAME,))
    if hand is Hand.EDIT:
        return Change(replace(state, roles=("Janitor",)), (Field.ROLES,))
    return Change(replace(state, active=hand is Hand.ACTIVATE), (Field.ACTIVE,))


def _state(name: str) -> UserState:
    return UserState(name, "Pat", "Smith", active=True, emails=(Email(name, "work", primary=True),), roles=("Agent",))
