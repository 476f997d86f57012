"""The only package that knows Dagster: partitions, resources, assets, checks, jobs, schedules, sensors."""
