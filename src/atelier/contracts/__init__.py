"""Defines the contracts of the tables, one file a table; Great Expectations checks them when a drop is
ingested.
"""
