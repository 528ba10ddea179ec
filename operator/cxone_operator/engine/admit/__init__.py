"""Who may go now: the deprovisioning guard, the seats, the rate limiter."""
