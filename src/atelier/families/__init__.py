"""The model families: each a folder with the same file names inside; a family knows no engine."""
