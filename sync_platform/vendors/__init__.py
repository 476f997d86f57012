"""Speak HTTP to the sources: bytes in, pages of raw records out. No SQL, no rules about fields."""
