"""Trains the detection family on a workspace: material, examination, gate, release files."""
