"""Rehearsals: the operator itself, at work on copies of the cluster and of CXone, in time that is not waited for.

What would happen is not worked out a second time: it is what happens here, decision by decision, with the guard, the
seats and the rate limit in between. Nothing in this room writes to anything but its own copies.
"""
