"""Keeps a tenant's PostgreSQL in step with the systems its business runs on, and proves it."""
