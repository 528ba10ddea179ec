"""A CXone tenant in one process, in memory: honest by default, hostile on order.

Imports nothing from `cxone_operator`, so that neither can hide a bug of the other.
"""
