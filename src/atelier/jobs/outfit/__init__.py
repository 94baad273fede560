"""Trains the outfit family on a workspace: material, examination, gate, release files."""
