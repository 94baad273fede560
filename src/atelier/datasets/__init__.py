"""Drops in, the project's tables and picture shards out: layouts, catalogue, splits, near-duplicates."""
