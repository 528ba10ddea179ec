"""The pictures of the pages: `python -m pictures` draws those of the diagrams, and of the demonstration's terminal.

They are committed, as drawing takes what a reader, a test and CI need not have; it is done by hand, when what they show
has changed.
"""
