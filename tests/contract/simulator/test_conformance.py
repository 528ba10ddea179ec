"""The public tester of SCIM servers, against the real command.

Its models take a second to import, which every worker would pay for; so only the test itself imports it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from httpx2 import Client

from contract.simulator.conftest import Started


def _token(url: str) -> str:
    form = {"grant_type": "client_credentials", "scope": "SCIM.ReadWrite"}
    with Client(base_url=url) as http:
        answer = http.post("/oauth/token", data=form, auth=("demo", "demo-secret"))
    return str(answer.json()["access_token"])


@pytest.mark.parametrize(
    "options",
    [
        ["--allow-delete"],
        ["--preset", "RFC7644"],
        ["--preset", "RFC7644", "--roles-form", "entitlements", "--no-shows-user-groups", "--no-etags"],
    ],
    ids=lambda options: " ".join(options),
)
def test_scim2_tester_finds_nothing(start: Callable[..., Started], options: list[str]):
    """Every check of scim2-tester for users and groups succeeds; none is skipped."""
    from scim2_client.engines.httpx2 import SyncSCIMClient
    from scim2_tester import Status, check_server

    _, url = start(*options, "--requests-per-minute", "0")
    with Client(base_url=f"{url}/scim/v2", headers={"Authorization": f"Bearer {_token(url)}"}) as http:
        results = check_server(SyncSCIMClient(http), resource_types=["User", "Group"])
    bad = [f"{item.status.name} {item.title}: {item.reason}" for item in results if item.status is not Status.SUCCESS]
    assert not bad, "\n".join(bad)
    assert len(results) > 50
