"""Tells every library that Atelier uses not to report home: the one place that names their variables.

`switch_off` runs when the package `atelier` is imported, because these libraries read their variables when
they are imported themselves, in whatever process that is: a command, a flow, a data loader, a Ray worker.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "DO_NOT_TRACK": "1",  # Prefect's client, Hugging Face
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GX_ANALYTICS_ENABLED": "false",
        "DVC_NO_ANALYTICS": "true",
        "DVC_STUDIO_OFFLINE": "true",
        "ITERATIVE_DO_NOT_TRACK": "do-not-track",  # DVC's own sender
        "RAY_USAGE_STATS_ENABLED": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "ORT_DISABLE_TELEMETRY": "1",
    }
)
"""Variable -> the value that means no. LanceDB, timm and torch send nothing and have no switch."""


def switch_off() -> None:
    """Sets the variables for this process and for all that it starts, whatever they were before."""
    os.environ.update(VARIABLES)
