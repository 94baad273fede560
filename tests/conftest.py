"""What all tests need: silence towards the outside, and a Ctrl-C that works."""

from __future__ import annotations

import os
import signal

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")

# A shell that starts the tests in the background hands SIGINT down ignored, to them and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
