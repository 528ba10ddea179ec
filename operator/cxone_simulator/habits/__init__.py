"""Habits: what real servers do that no RFC asks for, each with a name, switched on and off while the tenant runs.

A fault strikes a request and is over; a habit lasts, and the server means well by it.
"""

from cxone_simulator.habits.switches import Habits
from cxone_simulator.habits.table import HABITS

__all__ = ["HABITS", "Habits"]
