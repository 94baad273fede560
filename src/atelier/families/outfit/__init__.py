"""Outfit completion: compatibility of items, and sets that keep the operator's rules."""
