"""`cxone-operator`, also as `python -m cxone_operator`."""

from __future__ import annotations

from cxone_operator.cli.commands import main

if __name__ == "__main__":
    main()
