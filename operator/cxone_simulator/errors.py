"""SCIM errors (RFC 7644 section 3.12)."""

from __future__ import annotations

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


class ScimProblem(Exception):
    """A request that is refused."""

    def __init__(self, status: int, detail: str, scim_type: str = "", headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.detail = detail
        self.scim_type = scim_type
        self.headers = headers or {}
        super().__init__(detail)

    def body(self) -> dict[str, object]:
        """The error on the wire; the status is a string."""
        body: dict[str, object] = {"schemas": [ERROR_SCHEMA], "status": str(self.status), "detail": self.detail}
        return {**body, "scimType": self.scim_type} if self.scim_type else body


def invalid(detail: str) -> ScimProblem:
    """400 invalidValue."""
    return ScimProblem(400, detail, "invalidValue")


def taken(name: str) -> ScimProblem:
    """409 uniqueness."""
    return ScimProblem(409, f"userName {name} is taken", "uniqueness")


def missing(what: str) -> ScimProblem:
    """404."""
    return ScimProblem(404, f"{what} does not exist")
