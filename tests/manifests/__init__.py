"""What a platform engineer applies: rendered, admitted by a real API server, and enough for the processes to work."""
