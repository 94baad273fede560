"""Trains, registers, gates and packs any family; names none."""
