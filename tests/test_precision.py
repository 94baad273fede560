"""Training takes bfloat16 where the processor computes it and float32 where it would only emulate it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from atelier import precision
from atelier.precision import bf16_time_ratio, bf16_unit, choose_precision

CPU = torch.device("cpu")
ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def decided_anew() -> Iterator[None]:
    precision._chosen.cache_clear()
    yield
    precision._chosen.cache_clear()


def processor(
    monkeypatch: pytest.MonkeyPatch,
    *flags: str,
    used: bool = True,
    ratio: float = 0.3,
    machine: str = "x86_64",
) -> None:
    """Pretend to run on a processor with these flags."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(flags, True))
    monkeypatch.setattr("atelier.precision.platform.machine", lambda: machine)
    kernels = SimpleNamespace(_is_mkldnn_bf16_supported=lambda: used)
    monkeypatch.setattr(torch.ops, "mkldnn", kernels, raising=False)
    monkeypatch.setattr(precision, "bf16_time_ratio", lambda: ratio)


@pytest.mark.parametrize(
    ("flags", "machine", "unit"),
    [
        (("avx2", "amx_tile", "amx_bf16", "avx512_bf16"), "x86_64", "AMX-BF16"),
        (("avx512_f", "avx512_bf16"), "x86_64", "AVX512-BF16"),
        (("neon", "bf16"), "aarch64", "NEON-BF16"),
        (("neon", "bf16", "sve_bf16"), "arm64", "SVE-BF16"),
    ],
)
def test_a_processor_with_arithmetic_for_bfloat16_trains_in_it(
    monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], machine: str, unit: str
) -> None:
    processor(monkeypatch, *flags, machine=machine)
    chosen = choose_precision("auto", CPU)
    assert (chosen.mode, chosen.dtype) == ("bf16", torch.bfloat16)
    assert unit in chosen.reason


@pytest.mark.parametrize(
    ("flags", "machine"),
    [
        (("avx2", "fma3"), "x86_64"),
        (("avx512_f", "avx512_bw", "avx512_vl"), "x86_64"),
        (("neon",), "aarch64"),
    ],
)
def test_a_processor_without_it_trains_in_float32_untimed(
    monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], machine: str
) -> None:
    processor(monkeypatch, *flags, machine=machine)
    monkeypatch.setattr(precision, "bf16_time_ratio", lambda: pytest.fail("nothing is in doubt"))
    chosen = choose_precision("auto", CPU)
    assert (chosen.mode, chosen.dtype) == ("no", torch.float32)
    assert "no arithmetic for bfloat16" in chosen.reason


def test_arithmetic_that_is_not_used_or_brings_nothing_counts_as_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    processor(monkeypatch, "avx512_bf16", used=False)
    assert "ONEDNN_MAX_CPU_ISA" in choose_precision("auto", CPU).reason
    precision._chosen.cache_clear()
    processor(monkeypatch, "amx_bf16", ratio=1.3)
    chosen = choose_precision("auto", CPU)
    assert (chosen.mode, "timed" in chosen.reason) == ("no", True)


@pytest.mark.parametrize(("has_arithmetic", "mode"), [(True, "bf16"), (False, "no")])
def test_a_gpu_is_asked_for_arithmetic_not_for_emulation(
    monkeypatch: pytest.MonkeyPatch, has_arithmetic: bool, mode: str
) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return including_emulation or has_arithmetic

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla T4")
    monkeypatch.setattr(torch.cuda, "device", lambda _: torch.no_grad())
    chosen = choose_precision("auto", torch.device("cuda", 0))
    assert chosen.mode == mode
    assert "Tesla T4" in chosen.reason
    assert choose_precision("auto", torch.device("meta")).mode == "no"


def test_what_is_asked_for_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    processor(monkeypatch, "avx2")
    for asked in ("bf16", "no", "fp16"):
        chosen = choose_precision(asked, CPU)
        assert (chosen.mode, f"precision='{asked}'" in chosen.reason) == (asked, True)


def test_autocast_computes_in_the_chosen_format() -> None:
    ones = torch.ones(4, 4)
    for asked, dtype in (("bf16", torch.bfloat16), ("no", torch.float32)):
        with choose_precision(asked, CPU).autocast(CPU):  # type: ignore[arg-type]
            assert (ones @ ones).dtype == dtype
    with torch.autocast("cpu", torch.bfloat16), choose_precision("no", CPU).autocast(CPU):
        assert (ones @ ones).dtype == torch.float32, "it also ends what is on already"


def test_one_process_decides_once(monkeypatch: pytest.MonkeyPatch) -> None:
    processor(monkeypatch, "avx512_bf16", ratio=0.9)
    first = choose_precision("auto", CPU)
    processor(monkeypatch, "avx512_bf16", ratio=1.1)
    assert choose_precision("auto", CPU) is first


@pytest.mark.skipif(bf16_unit() is None, reason="this processor has no bfloat16 to take away")
@pytest.mark.parametrize("limit", ["AVX2", "AVX512_CORE"])
def test_a_limit_of_onednn_is_heeded(limit: str) -> None:
    script = (
        "import torch; from atelier.precision import choose_precision\n"
        "print(choose_precision('auto', torch.device('cpu')).mode)"
    )
    environment = {**os.environ, "ONEDNN_MAX_CPU_ISA": limit}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["no"]


def test_timing_leaves_the_threads_as_they_were() -> None:
    threads = torch.get_num_threads()
    assert bf16_time_ratio() > 0
    assert torch.get_num_threads() == threads


def test_no_source_chooses_a_number_format_but_this_one() -> None:
    """Turning autocast off is free to all."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for folder in ("src", "flows", "benchmarks")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "precision.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.Call)
        and (
            ast.unparse(node) in {"torch.bfloat16", "torch.float16"}
            or (ast.unparse(node).startswith("torch.autocast(") and "enabled=False" not in ast.unparse(node))
        )
    ]
    assert "\n".join(found) == ""
