"""Arranges the jobs with Prefect: order, retries, concurrency and schedules."""
