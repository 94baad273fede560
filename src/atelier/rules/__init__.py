"""Compiles operators' rule files into a context graph that generation keeps."""
