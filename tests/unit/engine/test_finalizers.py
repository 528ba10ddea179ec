"""The finalizer of a tenant: it outlives its users, and is written where it is not as it should be."""

from __future__ import annotations

import pytest

from cxone_operator.api.meta import TENANT_FINALIZER
from cxone_operator.api.tenant import CxoneTenant, decode_tenant
from cxone_operator.cluster.errors import ClusterError, Conflicted, Forbidden, Gone, Unreachable
from cxone_operator.engine.finalizers import keep_finalizer
from unit.engine.fakes import FakeCluster


def a_resource(*finalizers: str, deleting: bool = False) -> CxoneTenant:
    metadata = {
        "name": "default",
        "namespace": "workforce",
        "uid": "uid-tenant",
        "resourceVersion": "1",
        "finalizers": finalizers,
        **({"deletionTimestamp": "2026-11-20T00:00:00Z"} if deleting else {}),
    }
    return decode_tenant({"metadata": metadata, "spec": {"baseURL": "http://127.0.0.1:1"}})


@pytest.mark.parametrize(
    ("has", "deleting", "used", "afterwards"),
    [
        pytest.param(False, False, True, True, id="the first user comes"),
        pytest.param(False, False, False, None, id="nobody has come"),
        pytest.param(True, False, True, None, id="it is there already"),
        pytest.param(True, False, False, None, id="without users, and stays"),
        pytest.param(True, True, True, None, id="deleted, with users left"),
        pytest.param(True, True, False, False, id="deleted, and the last user is gone"),
        pytest.param(False, True, True, None, id="deleted, and nothing can be put on any more"),
        pytest.param(False, True, False, None, id="deleted, and held by others"),
    ],
)
async def test_when_it_is_put_on_and_taken_off(has: bool, deleting: bool, used: bool, afterwards: bool | None) -> None:
    """None: nothing is written. Finalizers of others stay in any case."""
    tenant = a_resource("example.com/other", *([TENANT_FINALIZER] if has else []), deleting=deleting)
    cluster = FakeCluster(tenant)
    changed = await keep_finalizer(cluster, tenant, used=used)
    assert len(cluster.writes) == (0 if afterwards is None else 1)
    assert (None if changed is None else changed.claimed) == afterwards
    if changed is not None:
        assert changed.metadata.finalizers == ("example.com/other", *([TENANT_FINALIZER] if afterwards else []))
        assert changed.metadata.resource_version == "2"


@pytest.mark.parametrize(
    "problem", [Conflicted("somebody wrote first"), Gone("not found"), Forbidden("no permission"), Unreachable("away")]
)
async def test_what_could_not_be_done_is_left_to_the_next_event(problem: ClusterError) -> None:
    """Nothing is known to have changed."""
    tenant = a_resource()
    cluster = FakeCluster(tenant)
    cluster.problems.append(problem)
    assert await keep_finalizer(cluster, tenant, used=True) is None
    assert await keep_finalizer(cluster, tenant, used=True) is not None
