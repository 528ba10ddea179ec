"""A company for each test: tenant, simulated CXone and operator, ended whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controlplane.plane import ControlPlane
from support.cxone import Company
from support.kube import Kube
from support.replicas import Replicas

MakeCompany = Callable[..., Company]


@pytest.fixture
def make_company(control_plane: ControlPlane, kube: Kube, namespace: str, tmp_path: Path) -> Iterator[MakeCompany]:
    """Makes a company; arguments are options of the simulator."""
    made: list[Company] = []

    def make(*simulator: str) -> Company:
        made.append(Company(control_plane, kube, namespace, tmp_path, *simulator))
        return made[-1]

    yield make
    for company in made:
        company.close()


@pytest.fixture
def company(make_company: MakeCompany) -> Company:
    """A company whose CXone is honest and in good health."""
    return make_company()


@pytest.fixture
def replicas(company: Company, tmp_path: Path) -> Iterator[Replicas]:
    """Starts operators of that company, which has its tenant already; ends them whatever happens."""
    company.put_secret(company.secret)
    company.create_tenant()
    made = Replicas(company, tmp_path)
    yield made
    made.end()
