"""Ranking: which sets a user would click, from what the user clicked before."""
