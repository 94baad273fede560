"""Stores the searchable catalogue in LanceDB: item attributes, vectors and thumbnails; builds, verifies and
queries it.
"""
