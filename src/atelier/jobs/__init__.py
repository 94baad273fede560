"""Plain functions, one verb a file: what a flow or a command arranges, callable without either."""
