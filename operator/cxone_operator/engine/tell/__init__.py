"""What is written down: statuses of users and of the tenant, gauges, the audit trail."""
