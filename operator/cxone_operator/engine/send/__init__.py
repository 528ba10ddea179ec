"""What changes CXone: one path for single requests and bulk jobs, to the end of each."""
