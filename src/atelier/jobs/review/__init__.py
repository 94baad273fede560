"""Lets people compare two releases: the page, the sample, and their judgments."""
