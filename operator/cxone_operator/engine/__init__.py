"""State and concurrency: one loop per tenant, which turns resources into requests and answers into conditions.

    inbox ──▶ plan ──▶ seats ──▶ lanes ──▶ budget ──▶ scim ──▶ directory ──▶ plan again ──▶ status

Everything that a tenant's loop owns is touched by that loop's thread of control only, so there are no locks.
"""
