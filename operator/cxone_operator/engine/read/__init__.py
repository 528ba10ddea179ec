"""What is asked of CXone and of Secrets: the connection, the snapshot, look-ups, the quota."""
