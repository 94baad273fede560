"""Reads the layouts of raw data, one reader each: public sets as downloaded, or the project's own drop."""
