create database dagster; -- Dagster's own tables do not belong into the tenants' database
