"""Trains the ranking family on a workspace: material, examination, gate, release files."""
