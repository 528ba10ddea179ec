"""The finalizer of a tenant that users refer to: it outlives them, so that deleting a namespace deprovisions them."""

from __future__ import annotations

from cxone_operator.api import tenant as tenant_api
from cxone_operator.api.meta import TENANT_FINALIZER, InvalidResource
from cxone_operator.api.tenant import CxoneTenant, decode_tenant
from cxone_operator.cluster.client import Cluster
from cxone_operator.cluster.errors import ClusterError, Conflicted, Gone
from cxone_operator.telemetry.logging import get_logger

log = get_logger(__name__)


async def keep_finalizer(cluster: Cluster, resource: CxoneTenant, *, used: bool) -> CxoneTenant | None:
    """Put it on when the first user comes, take it off when a deleted tenant has lost its last one.

    The new version, None where nothing was to do or could be done now: the next event or list brings it up again.
    """
    deleting = resource.metadata.deleting
    wanted = used or (resource.claimed and not deleting)
    if wanted == resource.claimed or (wanted and deleting):
        return None
    kept = [name for name in resource.metadata.finalizers if name != TENANT_FINALIZER]
    finalizers = [*kept, TENANT_FINALIZER] if wanted else kept
    version = resource.metadata.resource_version
    try:
        return decode_tenant(await cluster.patch_finalizers(tenant_api.PLURAL, resource.reference, finalizers, version))
    except (Conflicted, Gone):
        return None
    except (ClusterError, InvalidResource) as error:
        name = f"{resource.metadata.namespace}/{resource.metadata.name}"
        log.warning("tenant_finalizer_not_written", tenant=name, error=str(error))
        return None
