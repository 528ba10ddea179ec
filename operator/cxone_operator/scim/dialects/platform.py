"""`Platform`: the API of the provisioning tutorial. Groups and roles are names on the user, and bulk makes jobs."""

from __future__ import annotations

from cxone_operator.scim.dialects.dialect import Dialect

PLATFORM = Dialect(scopes=("SCIM.ReadWrite", "User.ReadWrite", "License.Read", "License.ReadWrite"))
