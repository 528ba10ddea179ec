"""What a surface is: one preset over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from cxone_simulator.errors import ScimProblem
from cxone_simulator.world import World


@dataclass(frozen=True, slots=True)
class Surface:
    """The routes of one preset, who may use them, and how it says no. Paths are told by what they begin with."""

    add_to: Callable[[web.Application, World], None]
    """Registers every route."""
    limited: tuple[str, ...]
    """Paths that the rate limit counts."""
    guarded: tuple[str, ...]
    """Paths that need credentials, and that habits are about."""
    admit: Callable[[World, web.Request], None]
    """Raises ScimProblem where a request to a guarded path may not be carried out."""
    refusal: Callable[[ScimProblem, web.Request], web.Response]
    """A refusal on the wire."""
