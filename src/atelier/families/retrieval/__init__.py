"""Retrieval: a shopper's photo and the catalogue photo of the same item meet in one embedding."""
