"""Delivery: who sees which sets, with what probability, and whether a new ranker may decide it."""
