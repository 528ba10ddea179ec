"""The reference in docs/reference, written from what it describes: CRDs, commands, settings, reasons, metrics, audit.

Each page is a function from code to text. Nothing here knows a single field, option or metric, so that what is added
to the code is on the page after `make reference`; `make check` fails until that was done.
"""
