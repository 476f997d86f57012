"""The HTTP service: doors to the use cases of ``sync``, and their locks (API-01 to API-09)."""
