"""`cxone-simulator`, also as `python -m cxone_simulator`."""

from __future__ import annotations

from cxone_simulator.cli import main

if __name__ == "__main__":
    main()
