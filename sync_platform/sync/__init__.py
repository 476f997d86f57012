"""Use cases: one vendor + transforms + db. The only place where they meet; knows no Dagster, no HTTP server."""
