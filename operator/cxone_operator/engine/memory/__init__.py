"""What a tenant's loop remembers: stores with one writer each, which neither wait nor decide."""
