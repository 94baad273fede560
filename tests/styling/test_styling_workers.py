"""Who makes blocks where Ray is not at hand."""

from __future__ import annotations

import sys

import pytest

from atelier.errors import ServiceError
from atelier.styling.workers import RayCluster


def test_a_cluster_without_ray_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ServiceError, match=r"pip install 'atelier\[ray\]'"):
        RayCluster("local")
