"""What tests share: the company as the one stage for their processes, clients of all servers, and ways to look."""
