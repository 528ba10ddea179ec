"""The one error of this package and of `tools`, which builds by its means: what went wrong, and what to do about it."""

from __future__ import annotations


class ControlPlaneError(Exception):
    """A failure that the person at the keyboard can do something about."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem}\n  {self.remedy}"
