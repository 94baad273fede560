"""The outfit family's own path: its items and sets, trained, examined, judged by its own gate, and asked."""
