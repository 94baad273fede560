"""Serving: the live release answers photo searches over HTTP, and follows its successor without a restart."""
