"""Pure: a vendor's record in, rows and rejects out. Never raises for bad data, never reads a clock."""
