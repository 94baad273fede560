"""Ranking: from clicks to a judged ranker, and to what a release needs for feeds."""
