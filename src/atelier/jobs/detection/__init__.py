"""The detector's own path: trained on composed scenes, examined, registered, and judged by its own gate."""
