"""The connection: a wrong Secret causes no storm of token requests, and a corrected one heals within seconds."""

from __future__ import annotations

import pytest

from cxone_operator.api.reasons import Reason
from cxone_operator.cluster.errors import ClusterError, Forbidden, Unreachable
from cxone_operator.core.backoff import LONGEST_SECONDS
from cxone_operator.core.failure import Failure, Scope
from cxone_operator.engine.read.connection import (
    CALM_SECONDS,
    LOOK_SECONDS,
    Connection,
    FixedCredentials,
    Key,
    SecretCredentials,
)
from cxone_operator.scim.credentials import Credentials
from cxone_operator.scim.errors import AuthenticationFailed, Unavailable
from unit.engine.fakes import FakeCluster, FakeRemote
from unit.engine.scene import clocks

REFUSED = AuthenticationFailed("CXone refuses the credentials", code="401")


class Scene:
    """A connection by way of a Secret, on a clock that the test moves."""

    def __init__(self) -> None:
        self.time = 0.0
        self.remote = FakeRemote()
        self.built: list[Credentials] = []
        self.unsupported: Failure | None = None
        self.cluster = FakeCluster()
        self.store("id", "secret")
        source = SecretCredentials(
            self.cluster, "workforce", [Key("cxone", key, key) for key in ("clientId", "clientSecret")]
        )
        self.connection = Connection(source, self._build, clocks(lambda: self.time))

    def _build(self, found: Credentials) -> FakeRemote | Failure:
        self.built.append(found)
        return self.unsupported or self.remote

    def store(self, client_id: str, secret: str) -> None:
        self.cluster.secrets["workforce", "cxone"] = {"clientId": client_id, "clientSecret": secret}

    async def live(self, seconds: float) -> None:
        """Time passes second by second; the Secret is read when that is due."""
        end = self.time + seconds
        while self.time < end:
            if self.connection.due() <= 0:
                await self.connection.look()
            self.time += 1.0

    @property
    def tries(self) -> int:
        """Token requests."""
        return self.remote.asked["connect"]

    @property
    def reason(self) -> Reason | None:
        problem = self.connection.problem
        return problem.reason if problem is not None else None


async def test_credentials_are_used_once() -> None:
    """And the Secret is read once a minute from then on."""
    scene = Scene()
    assert not scene.connection.authenticated
    assert await scene.connection.look()
    assert (scene.connection.client, scene.connection.authenticated, scene.reason) == (scene.remote, True, None)
    await scene.live(10 * CALM_SECONDS)
    assert (scene.tries, scene.built) == (1, [Credentials("id", "secret")])
    assert scene.cluster.reads == 10


async def test_a_rotated_secret_is_noticed() -> None:
    scene = Scene()
    await scene.live(10.0)
    scene.store("id", "other")
    await scene.live(CALM_SECONDS)
    assert scene.built == [Credentials("id", "secret"), Credentials("id", "other")]
    assert scene.connection.authenticated


async def test_refused_credentials_are_tried_with_growing_pauses() -> None:
    """While the Secret is read every few seconds."""
    scene = Scene()
    scene.remote.problem = REFUSED
    await scene.live(3600.0)
    assert scene.cluster.reads == 3600 / LOOK_SECONDS
    assert scene.tries <= 8 + 3600 / LONGEST_SECONDS + 1
    assert (scene.reason, scene.connection.client) == (Reason.AUTHENTICATION_FAILED, None)


async def test_a_corrected_secret_heals_within_seconds() -> None:
    """However long the pause has become."""
    scene = Scene()
    scene.remote.problem = REFUSED
    await scene.live(3600.0)
    scene.remote.problem = None
    scene.store("id", "correct")
    await scene.live(LOOK_SECONDS)
    assert (scene.connection.authenticated, scene.reason) == (True, None)


async def test_a_cxone_that_is_away_is_tried_until_it_is_back() -> None:
    scene = Scene()
    scene.remote.problem = Unavailable("no connection")
    await scene.live(60.0)
    assert scene.reason is Reason.REMOTE_UNAVAILABLE
    scene.remote.problem = None
    await scene.live(LONGEST_SECONDS)
    assert scene.connection.authenticated


async def test_what_was_heard_before_a_passing_failure_is_kept() -> None:
    """The same client goes on; after a refusal that stays, or with other credentials, another one begins anew."""
    scene = Scene()
    scene.remote.problem = Unavailable("CXone is away")
    await scene.live(LONGEST_SECONDS)
    assert len(scene.built) == 1
    scene.remote.problem = REFUSED
    await scene.live(3 * LONGEST_SECONDS)
    tries = len(scene.built)
    assert tries > 1
    scene.store("id", "another")
    await scene.live(LOOK_SECONDS)
    assert len(scene.built) == tries + 1


async def test_a_request_that_was_refused_has_the_secret_read_now() -> None:
    """And not tried again before it has changed, or a pause has passed."""
    scene = Scene()
    await scene.live(10.0)
    scene.connection.refused(REFUSED.failure)
    assert (scene.connection.due(), scene.connection.authenticated) == (0.0, False)
    assert not await scene.connection.look()
    assert (scene.tries, scene.reason) == (1, Reason.AUTHENTICATION_FAILED)
    await scene.live(5.0)
    assert (scene.tries, scene.connection.authenticated) == (2, True)


async def test_a_preset_that_is_not_supported_asks_nobody() -> None:
    scene = Scene()
    scene.unsupported = Failure(Reason.UNSUPPORTED, "no such preset", retryable=False, scope=Scope.TENANT)
    await scene.live(60.0)
    assert (scene.tries, scene.reason) == (0, Reason.UNSUPPORTED)


BINARY = "Secret cxone in namespace workforce has a value that is not UTF-8 under clientSecret; store the text as it is"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "Secret cxone in namespace workforce does not exist; create it with the keys clientId and clientSecret"),
        ({}, "Secret cxone in namespace workforce lacks the keys clientId and clientSecret"),
        ({"clientId": "id"}, "Secret cxone in namespace workforce lacks the key clientSecret"),
        ({"clientId": "id", "clientSecret": None}, BINARY),
        ({"clientId": " \n", "clientSecret": "x"}, "Secret cxone in namespace workforce lacks the key clientId"),
    ],
)
async def test_what_is_wrong_with_the_secret_is_said(data: dict[str, str | None] | None, message: str) -> None:
    """And nothing is asked for with half of it; it is used as soon as somebody has corrected it."""
    scene = Scene()
    scene.cluster.secrets.clear()
    if data is not None:
        scene.cluster.secrets["workforce", "cxone"] = data
    assert not await scene.connection.look()
    assert scene.connection.problem == Failure(Reason.TENANT_NOT_READY, message, retryable=False, scope=Scope.TENANT)
    assert (scene.tries, scene.connection.due()) == (0, LOOK_SECONDS)
    scene.store("id", "secret")
    await scene.live(LOOK_SECONDS + 1)
    assert scene.connection.authenticated


async def test_a_secret_that_goes_ends_the_connection() -> None:
    """The same one, when it is back, is used anew."""
    scene = Scene()
    await scene.live(10.0)
    scene.cluster.secrets.clear()
    await scene.live(CALM_SECONDS)
    assert (scene.connection.client, scene.reason) == (None, Reason.TENANT_NOT_READY)
    scene.store("id", "secret")
    await scene.live(LOOK_SECONDS)
    assert (scene.connection.authenticated, scene.tries) == (True, 2)


@pytest.mark.parametrize(
    ("error", "passes"), [(Forbidden("no permission to get secrets"), False), (Unreachable("connection lost"), True)]
)
async def test_a_secret_that_cannot_be_read_says_so(error: ClusterError, passes: bool) -> None:
    """And whether that passes by itself."""
    scene = Scene()
    scene.cluster.unreadable = error
    await scene.connection.look()
    assert scene.connection.problem is not None
    assert str(error) in scene.connection.problem.message
    assert scene.connection.problem.retryable is passes


async def test_blanks_around_a_value_are_no_part_of_it() -> None:
    """An editor's line end, for one."""
    scene = Scene()
    scene.store(" id", "secret\n")
    await scene.connection.look()
    assert scene.built == [Credentials("id", "secret")]


async def test_credentials_of_the_environment_stay_the_same() -> None:
    assert await FixedCredentials(Credentials("id", "secret")).read() == Credentials("id", "secret")
