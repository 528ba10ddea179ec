"""Credentials: what the Secret holds, and that it shows nowhere."""

from __future__ import annotations

from dataclasses import fields

import pytest

from cxone_operator.scim.credentials import Credentials, camel
from cxone_operator.scim.dialects.dialect import Grant

SECRET = {
    "clientId": "the-client",
    "clientSecret": "s-client",
    "accessKeyId": "the-key",
    "accessKeySecret": "s-key",
    "username": "the-user",
    "password": "s-password",
    "token": "s-token",
    "caCertificate": "the-authority",
    "clientCertificate": "the-certificate",
    "clientKey": "s-key-of-it",
}
SECRETS = [value for value in SECRET.values() if value.startswith("s-")]


def test_the_keys_of_the_secret() -> None:
    """In camelCase; what is not there is empty, and what else is there is nobody's business."""
    known = Credentials.of({**SECRET, "notes": "x"})
    assert [getattr(known, item.name) for item in fields(known)] == list(SECRET.values())
    assert [camel(item.name) for item in fields(Credentials)] == list(SECRET)
    assert Credentials.of({}) == Credentials()


@pytest.mark.parametrize("grant", Grant)
def test_every_grant_needs_keys_that_are_read(grant: Grant) -> None:
    """None is asked for and then not used."""
    known = Credentials.of({key: f"v-{key}" for key in grant.keys})
    values = {getattr(known, item.name) for item in fields(known)} - {""}
    assert values == {f"v-{key}" for key in grant.keys}


def test_secrets_do_not_show() -> None:
    """Neither where the values are printed, nor where a server repeats them."""
    known = Credentials.of(SECRET)
    text = f"{known!r} {known.identity} {known.hidden(' '.join(SECRET.values()))}"
    assert [secret for secret in SECRETS if secret in text] == []
    assert known.hidden("the-client is unknown") == "the-client is unknown"
    assert Credentials().hidden("nothing to hide") == "nothing to hide"


@pytest.mark.parametrize(
    ("keys", "identity"),
    [
        (("clientId", "clientSecret"), "the-client"),
        (("clientId", "clientSecret", "accessKeyId", "accessKeySecret"), "the-key"),
        (("username", "password"), "the-user"),
    ],
)
def test_whom_we_are_taken_for(keys: tuple[str, ...], identity: str) -> None:
    """The account, whichever secret it has by now."""
    assert Credentials.of({key: SECRET[key] for key in keys}).identity == identity


def test_a_token_is_its_own_account() -> None:
    """The same token is the same one, and it cannot be read from its name."""
    one, same, other = (Credentials(token=token).identity for token in ("s-token", "s-token", "s-other"))
    assert one == same != other
    assert "s-token" not in one
