"""Profiles of partitions: what is kept of a column when its rows are not read again."""
