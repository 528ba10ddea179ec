"""Tuesday: people come, from a folder of Git and from the HR system."""

from __future__ import annotations

from demo.scenario import Person
from e2e.cluster import StepFailed
from e2e.story.company import Company, new_hr_secret

_FIRST = tuple(Person(f"person-{number}") for number in range(30))


def people_come_from_git(company: Company) -> str:
    """Thirty people of a folder are applied"""
    company.kubectl("apply", "--server-side", "-f", str(company.commit(_FIRST)))
    company.until_ready(person.name for person in _FIRST)
    accounts = company.accounts()
    if not all(accounts.get(person.user_name) for person in _FIRST):
        raise StepFailed(f"CXone has {accounts}")
    return f"{len(_FIRST)} Ready, and active in CXone"


def hr_hires_over_the_service(company: Company) -> str:
    """HR hires somebody by a signed event over the Service"""
    status = company.hire("ada@example.com", company.hr_secret)
    if status != 202:
        raise StepFailed(f"the bridge answered {status}")
    company.cluster.until(lambda: company.accounts().get("ada@example.com"), "Ada has no active account")
    return f"{status}, and active in CXone"


def nobody_else_hires(company: Company) -> str:
    """An event that somebody else has signed is refused"""
    status = company.hire("eve@example.com", new_hr_secret())
    if status != 401:
        raise StepFailed(f"the bridge answered {status}")
    return str(status)


STEPS = (people_come_from_git, hr_hires_over_the_service, nobody_else_hires)
