"""`python -m atelier.cli`: the form that `accelerate launch --module` starts on every rank."""

from __future__ import annotations

from atelier.cli import main

if __name__ == "__main__":
    main()
