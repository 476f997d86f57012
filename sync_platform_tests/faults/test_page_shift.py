"""A shop that changes while it is read: whatever moves between two pages, nothing is lost."""
