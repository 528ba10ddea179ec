"""Companies for tests: one that shares its operator for whoever needs only a tenant, one with its own for all else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controlplane.plane import ControlPlane
from support.cxone import Company
from support.operator import Operator, SharedOperators

MakeCompany = Callable[..., Company]
StartReplica = Callable[[], Operator]


@pytest.fixture(scope="session")
def shared_operators(
    control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedOperators]:
    """Operators that go on from one test to the next."""
    operators = SharedOperators(control_plane, tmp_path_factory.mktemp("operators"))
    yield operators
    operators.end()


@pytest.fixture
def make_company(
    control_plane: ControlPlane, shared_operators: SharedOperators, tmp_path: Path
) -> Iterator[MakeCompany]:
    """Makes a company whose operator works for others, too: no test may stop it, or ask what it did in all.

    Arguments are options of the simulator.
    """
    made: list[Company] = []

    def make(*simulator: str) -> Company:
        operator, namespace = shared_operators.next()
        made.append(Company(control_plane, namespace, tmp_path / f"company-{len(made)}", operator, *simulator))
        return made[-1]

    yield make
    for company in made:
        company.kube.vacate(company.namespace)
        company.close()
    assert [company.operator.text()[-2000:] for company in made if not company.operator.alive] == []


@pytest.fixture
def company(make_company: MakeCompany) -> Company:
    """Such a company whose CXone is honest and in good health."""
    return make_company()


@pytest.fixture
def make_own_company(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Iterator[MakeCompany]:
    """Makes a company with an operator of its own, which the test starts; arguments are options of the simulator."""
    made: list[Company] = []

    def make(*simulator: str) -> Company:
        operator = Operator(control_plane.kubeconfig, tmp_path, namespace)
        made.append(Company(control_plane, namespace, tmp_path, operator, *simulator))
        return made[-1]

    yield make
    for company in made:
        for operator in company.operators:
            operator.end()
        company.close()


@pytest.fixture
def own_company(make_own_company: MakeCompany) -> Company:
    """Such a company whose CXone is honest and in good health."""
    return make_own_company()


@pytest.fixture
def replicas(own_company: Company) -> StartReplica:
    """Starts one operator more of a company that has its tenant already."""
    own_company.put_secret(own_company.secret)
    own_company.create_tenant()
    return own_company.start_another
