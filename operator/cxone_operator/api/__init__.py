"""What people type and read: resources, conditions and reasons as typed values.

No I/O and no decisions here; names are the contract with users.
"""
