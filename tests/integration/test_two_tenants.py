"""Two namespaces, each with a CxoneTenant of the same CXone: one owner of each userName, one guard, one rate limit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest

from controlplane.plane import ControlPlane
from demo.stage import CLIENT_ID
from support.cxone import Company
from support.kube import Kube
from support.operator import Operator
from support.waiting import eventually, until_the_next_second

KIM = "kim@example.com"


class Pair(NamedTuple):
    """Two branches of one company."""

    old: Company
    new: Company

    def open(self, **spec: object) -> None:
        """Both have a tenant, and know who is in CXone."""
        self.old.open(**spec)
        self.new.put_secret(self.new.secret)
        self.new.create_tenant(**spec)
        for branch, name in ((self.old, "olaf"), (self.new, "nora")):
            branch.join(name)


@pytest.fixture
def pair(control_plane: ControlPlane, kube: Kube, namespace: str, tmp_path: Path) -> Iterator[Pair]:
    """Under one operator of their own."""
    other = kube.new_namespace(f"test-{uuid4().hex[:12]}")
    old = Company(control_plane, namespace, tmp_path, Operator(control_plane.kubeconfig, tmp_path, namespace, other))
    yield Pair(old, old.branch(other))
    old.operator.end()
    old.close()


def works(company: Company) -> None:
    """Kim's resource is right, and CXone agrees."""
    company.until_ready("kim")
    assert company.known(KIM)["active"]


def test_created_there_before_it_is_deleted_here(pair: Pair) -> None:
    """The younger one says whose the user is, and takes over without a moment of being locked out."""
    pair.open()
    pair.old.join("kim")
    until_the_next_second()
    pair.new.create("kim")
    message = pair.new.until_reason("kim", "OwnershipConflict")
    assert f"'{pair.old.namespace}/kim'" in message
    assert pair.new.reason("kim", "Stalled") == "True/OwnershipConflict"
    pair.old.delete("kim")
    pair.old.until_gone("kim")
    works(pair.new)
    assert pair.old.effects(KIM) == ["created", "licenseAssigned"]


def test_deleted_here_before_it_is_created_there(pair: Pair) -> None:
    """What the other one has read of the user before is the past."""
    pair.old.open()
    pair.old.join("kim")
    pair.new.put_secret(pair.new.secret)
    pair.new.create_tenant()
    pair.new.join("nora")
    pair.old.delete("kim")
    pair.old.until_gone("kim")
    assert not pair.old.known(KIM)["active"]
    pair.new.create("kim")
    works(pair.new)


@pytest.mark.parametrize("created_first", [True, False])
def test_a_move_in_one_go(pair: Pair, created_first: bool) -> None:
    """As Git tools do it, in either order; whoever comes too late is let in again."""
    pair.open()
    pair.old.join("kim")
    for act in (pair.new.create, pair.old.delete) if created_first else (pair.old.delete, pair.new.create):
        act("kim")
    pair.old.until_gone("kim")
    works(pair.new)
    assert not created_first or "deactivated" not in pair.old.effects(KIM)


def test_whoever_was_told_so_leaves_without_a_trace(pair: Pair) -> None:
    """The younger one is deleted, and nothing changes for the user; so it is after a restart."""
    pair.open()
    pair.old.join("kim")
    until_the_next_second()
    pair.new.create("kim", role="Supervisor")
    pair.new.until_reason("kim", "OwnershipConflict")
    pair.old.operator.stop()
    pair.old.serve()
    pair.new.delete("kim")
    pair.new.until_gone("kim")
    works(pair.old)
    assert pair.old.effects(KIM) == ["created", "licenseAssigned"]


def test_the_guard_counts_both(pair: Pair) -> None:
    """Six leave, three of each, and five may; nobody of the second three is touched."""
    pair.open(safety={})
    names = ["ada", "bob", "cleo"]
    pair.old.join(*names)
    pair.new.join(*(f"{name}-too" for name in names))
    pair.old.leave(*names)
    for name in names:
        pair.old.until_ready(name)
    pair.new.leave(*(f"{name}-too" for name in names))
    plan = pair.new.until_held(3)
    assert pair.old.effects().count("deactivated") == 3
    pair.new.approve(plan)
    eventually(lambda: pair.old.effects().count("deactivated") == 6)


def test_they_share_the_smaller_limit(pair: Pair) -> None:
    """Requests of the first minute are spread evenly, so ten seconds are enough to tell."""
    pair.old.open(rateLimit={"requestsPerMinute": 600}, bulk={"mode": "Off"})
    pair.new.put_secret(pair.new.secret)
    pair.new.create_tenant(rateLimit={"requestsPerMinute": 120}, bulk={"mode": "Off"})
    for branch, word in ((pair.old, "here"), (pair.new, "there")):
        branch.create(*(f"{word}-{number}" for number in range(20)))
    eventually(lambda: pair.old.active() > 1)
    before, began = pair.old.active(), time.monotonic()
    time.sleep(10.0)
    made = pair.old.active() - before
    assert 5 <= made <= 2.0 * (time.monotonic() - began) + 2


def test_the_tenant_of_the_environment_is_one_of_them(pair: Pair) -> None:
    """Users of a namespace without a tenant are its own, in the same CXone."""
    environment = {
        "CXONE_BASE_URL": f"{pair.old.simulator.url}/",
        "CXONE_CLIENT_ID": CLIENT_ID,
        "CXONE_CLIENT_SECRET": pair.old.secret,
    }
    pair.old.operator.start(**environment)
    pair.old.open()
    pair.new.join("nora")
    pair.old.join("kim")
    until_the_next_second()
    pair.new.create("kim")
    assert f"'{pair.old.namespace}/kim'" in pair.new.until_reason("kim", "OwnershipConflict")
    pair.old.delete("kim")
    pair.old.until_gone("kim")
    works(pair.new)
    assert pair.old.effects(KIM) == ["created", "licenseAssigned"]


def test_whoever_only_knows_the_client_id_keeps_nobody_active(pair: Pair) -> None:
    """A wrong secret makes no heir."""
    pair.old.open()
    pair.new.put_secret("wrong")
    pair.new.create_tenant()
    pair.old.join("kim")
    pair.new.create("kim")
    eventually(lambda: pair.new.tenant_reason().startswith("False/") or None)
    pair.old.delete("kim")
    pair.old.until_gone("kim")
    assert not pair.old.known(KIM)["active"]
