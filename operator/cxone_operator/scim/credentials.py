"""Credentials: what the Secret of a tenant holds, by the keys that its way of proving itself needs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is not needed is empty. No secret ever shows in a log or traceback."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    access_key_id: str = ""
    access_key_secret: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    ca_certificate: str = ""
    client_certificate: str = ""
    client_key: str = field(default="", repr=False)

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Credentials:
        """From the keys of a Secret, in camelCase; others are left out."""
        return cls(**{item.name: values.get(camel(item.name), "") for item in fields(cls)})

    @property
    def identity(self) -> str:
        """Whom CXone takes us for: the same for every tenant that uses the same credentials, and no secret."""
        if self.token:
            return hashlib.sha256(self.token.encode()).hexdigest()
        return self.access_key_id or self.client_id or self.username

    def hidden(self, text: str) -> str:
        """The text without any of the secrets, which a server may quote."""
        for secret in (self.client_secret, self.access_key_secret, self.password, self.token, self.client_key):
            text = text.replace(secret, "…") if secret else text
        return text


def camel(name: str) -> str:
    """As the Secret has it."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)
