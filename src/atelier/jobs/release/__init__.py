"""Implements publication, withdrawal and collection."""
