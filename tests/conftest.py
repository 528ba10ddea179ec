"""Fixtures for all tests: one real control plane for the whole run, and a namespace of its own for each test."""

from __future__ import annotations

import logging
import os
import shlex
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.workermanage import WorkerController

from chaos import seeds
from controlplane import binaries, die_with_parent, processes
from controlplane.binaries import Binaries
from controlplane.plane import ControlPlane
from demo import stage
from support import workers
from support.api_server import ApiServer
from support.forked import Forked
from support.kube import Kube
from support.shared_plane import Keeper, shared
from tools import catalogue, finder

CRDS = Path(__file__).parents[1] / "crds"
_AT_ONCE = pytest.mark.looptime(noop_cycles=0)
"""Whatever is ready has run before virtual time moves on; 42 rounds of waiting for more cost half of such a test."""
_BINARIES = "control_plane_binaries"
_MADE: dict[str, Callable[[], object]] = {
    _BINARIES: binaries.locate,
    "helm": lambda: finder.locate(catalogue.helm()),
    "promtool": lambda: finder.locate(catalogue.promtool()),
    "kubeconform": lambda: finder.locate(catalogue.kubeconform()),
    "kube_score": lambda: finder.locate(catalogue.kube_score()),
}
"""Fixtures that may have to build programs first, and what makes those."""

# Properties say what is true, not how fast: a busy machine must not fail them.
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


_KEEPER = pytest.StashKey[Keeper]()
"""In the process that the run is about."""
_ADDRESS = pytest.StashKey[str]()
"""Where to ask for the control plane."""


def pytest_configure(config: pytest.Config) -> None:
    """The run has one keeper of the control plane; its workers are told where it is, and end with it."""
    told: Mapping[str, Any] | None = getattr(config, "workerinput", None)
    if told is None:
        processes.collect_garbage_seldom()
        seeds.draw()
        config.stash[_KEEPER] = Keeper()
        config.stash[_ADDRESS] = config.stash[_KEEPER].address
    else:
        die_with_parent.follow(told["controller"])
        config.stash[_ADDRESS] = told["control_plane"]


def pytest_unconfigure(config: pytest.Config) -> None:
    """All workers are gone by then."""
    if _KEEPER in config.stash:
        config.stash[_KEEPER].close()


def pytest_configure_node(node: WorkerController) -> None:
    """What a worker gets to know."""
    node.workerinput["control_plane"] = node.config.stash[_ADDRESS]
    node.workerinput["controller"] = os.getpid()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure says how to repeat it."""
    report = yield
    if report.failed:
        variables = [f"{name}={value} " for name, value in os.environ.items() if name.startswith("CHAOS_")]
        report.sections.append(("again", f'{"".join(variables)}make test ARGS="{shlex.quote(item.nodeid)}"'))
    return report


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many workers `-n auto` means."""
    return workers.number(config)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> workers.Scheduling:
    """Who gives the tests to the workers."""
    return workers.Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks that no file has to say: whatever uses the control plane is an integration test. Workers have an order."""
    for item in items:
        if _BINARIES in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.integration)
        if item.get_closest_marker("looptime") is not None:
            item.add_marker(_AT_ONCE)
    if _KEEPER not in config.stash:
        items[:] = workers.arranged(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the programs before the first test, whose time limit is too short for a build, and show the progress."""
    used = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if not session.config.option.collectonly:
        with session.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            for name, make in _MADE.items():
                if name in used:
                    make()


@pytest.fixture(scope="session", autouse=True)
def _forked() -> Iterator[None]:
    """Operators, bridges and simulators are forked, where the kernel can end them with us; elsewhere it is too odd."""
    if sys.platform != "linux":
        yield
        return
    with closing(Forked()) as forked, pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "starter", forked)
        yield


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of the whole path: what is started is the command that `make install` leaves."""
    monkeypatch.setattr(stage, "starter", stage.installed)


@pytest.fixture(scope="session")
def control_plane_binaries() -> Binaries:
    """kube-apiserver, etcd and kubectl."""
    return binaries.locate()


@pytest.fixture(scope="session")
def helm() -> Path:
    """The program that renders charts."""
    return finder.locate(catalogue.helm())


@pytest.fixture(scope="session")
def promtool() -> Path:
    """The program that checks and tests alert rules."""
    return finder.locate(catalogue.promtool())


@pytest.fixture(scope="session")
def kubeconform() -> Path:
    """The program that holds manifests against schemas."""
    return finder.locate(catalogue.kubeconform())


@pytest.fixture(scope="session")
def kube_score() -> Path:
    """The program that judges manifests."""
    return finder.locate(catalogue.kube_score())


@pytest.fixture(scope="session")
def control_plane(
    control_plane_binaries: Binaries, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> ControlPlane:
    """A control plane with our CRDs, started when the first test of the run asks for it."""
    return shared(request.config.stash[_ADDRESS], tmp_path_factory.mktemp("control-plane"))


@pytest.fixture(scope="session")
def own_plane(control_plane_binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane that tests may break, if they mend it; those of other workers do not see it."""
    with ControlPlane.start(tmp_path_factory.mktemp("own"), crds=CRDS, audit=False) as plane:
        yield plane


@pytest.fixture
def api_server(own_plane: ControlPlane) -> ApiServer:
    """Its API server."""
    return ApiServer(own_plane)


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """Whatever a test does to the logging of this process is undone."""
    loggers = [logging.getLogger(name) for name in (None, "kopf", "kopf.objects")]
    root, levels, hook = loggers[0], [logger.level for logger in loggers], sys.excepthook
    handlers = list(root.handlers)
    yield
    root.handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    sys.excepthook = hook
    logging.captureWarnings(capture=False)


@pytest.fixture(scope="session")
def kubectl(control_plane: ControlPlane) -> Callable[..., CompletedProcess[str]]:
    """Runs kubectl as the administrator: kubectl("apply", "-f", "-", input=manifest, check=False)."""
    return control_plane.kubectl


@pytest.fixture(scope="session")
def kube(control_plane: ControlPlane) -> Kube:
    """A plain client of the API server, as the administrator."""
    return Kube(control_plane.url, control_plane.token, control_plane.certificate)


@pytest.fixture
def namespace(kube: Kube) -> str:
    """A new namespace. It is never deleted: the control plane that it is in goes away at the end."""
    name = f"test-{uuid4().hex[:12]}"
    kube.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}}).accepted()
    return name
