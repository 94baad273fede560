"""Ranks sets for users with exact probabilities, and decides on clicks whether a new ranker is promoted."""
