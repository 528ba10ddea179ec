"""Companies that a test spoils."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.cxone import Company
from support.doctor import Doctor, Open

MakeCompany = Callable[..., Company]


@pytest.fixture
def open_company(make_own_company: MakeCompany) -> Open:
    """A company with all that it needs but an operator; arguments are options of the simulator."""

    def make(*simulator: str, **spec: Any) -> tuple[Company, Doctor]:
        company = make_own_company("--users", "3", *simulator)
        company.put_secret(company.secret)
        company.create_tenant(**spec)
        return company, Doctor(company)

    return make
