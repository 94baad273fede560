"""Stores releases: manifests, files, and the one step that makes a release live."""
