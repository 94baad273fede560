"""One reader for each layout in which data arrives: a folder somebody downloaded, or our own drop."""
