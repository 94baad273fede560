"""What every table promises, checked by Great Expectations when a drop comes in; one file a table."""
