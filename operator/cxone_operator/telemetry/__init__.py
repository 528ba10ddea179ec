"""What the operator tells about itself: metrics, logs and the audit trail."""
