"""Outfits: what goes with what, and sets by the million that keep the operator's rules."""
