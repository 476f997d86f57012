"""What the service answers with, by noun."""
