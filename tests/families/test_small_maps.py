"""Convolutions of small maps train as ordinary ones do."""

from __future__ import annotations

import copy

import pytest
import timm
import torch
from torch import Tensor, nn

from atelier.families.small_maps import SmallMapConv2d, use_unfolded_weight_gradient


def gradients(network: nn.Module, maps: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Of the maps and of every weight, for one loss."""
    maps = maps.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        (network(maps).float() ** 2).mean().backward()
    assert maps.grad is not None
    return maps.grad, [weight.grad for weight in network.parameters() if weight.grad is not None]


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "padding"),
    [(4, 3, 1, 1), (8, 3, 2, 1), (7, 3, 2, 1), (2, 3, 1, 1), (8, 1, 2, 0), (16, 5, 2, 2)],
)
def test_gradients_are_those_of_the_ordinary_convolution(
    side: int, kernel: int, stride: int, padding: int
) -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(16, 24, kernel, stride, padding, bias=False))
    quick = use_unfolded_weight_gradient(copy.deepcopy(plain))
    assert type(quick[0]) is SmallMapConv2d
    maps = torch.randn(6, 16, side, side).contiguous(memory_format=torch.channels_last)
    (to_maps, (to_weight,)), (quick_to_maps, (quick_to_weight,)) = (
        gradients(plain, maps),
        gradients(quick, maps),
    )
    # In bfloat16: without arithmetic for it a processor rounds at other places, by one place of eight bits.
    torch.testing.assert_close(quick_to_maps, to_maps, rtol=0.01, atol=0.01 * to_maps.abs().max().item())
    torch.testing.assert_close(
        quick_to_weight, to_weight, rtol=0.02, atol=0.01 * to_weight.abs().max().item()
    )


def test_a_network_keeps_its_names_and_its_answers() -> None:
    plain = timm.create_model("resnet10t", num_classes=0)
    quick = use_unfolded_weight_gradient(copy.deepcopy(plain))
    assert sum(type(part) is SmallMapConv2d for part in quick.modules()) > 5
    assert list(quick.state_dict()) == list(plain.state_dict())
    pictures = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.equal(quick.eval()(pictures), plain.eval()(pictures))


def test_what_it_cannot_do_stays_as_it_is() -> None:
    parts = nn.Sequential(
        nn.Conv2d(8, 8, 3, groups=8, bias=False),
        nn.Conv2d(8, 8, 3, dilation=2, bias=False),
        nn.Conv2d(8, 8, 3),
    )
    assert {type(part) for part in use_unfolded_weight_gradient(parts)} == {nn.Conv2d}
