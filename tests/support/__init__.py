"""What tests share: a plain client of the API server, sample resources, and a reader of the audit log."""
