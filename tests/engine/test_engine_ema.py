"""The average of the weights equals an obvious slow one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from atelier.engine.ema import ExponentialMovingAverage


def stepping_module() -> Iterator[nn.Module]:
    """A module whose weights and statistics move at random, once for each item."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    while True:
        yield module
        with torch.no_grad():
            for tensor in [*module.parameters(), *module.buffers()]:
                tensor.add_(torch.randn(tensor.shape).to(tensor.dtype))


def test_average_equals_an_obvious_slow_one() -> None:
    modules = stepping_module()
    module = next(modules)
    ema = ExponentialMovingAverage(module, decay=0.8)
    slow = {name: tensor.double() for name, tensor in module.named_parameters()}
    for step in range(30):
        next(modules)
        ema.update(step)
        decay = min(0.8, (1 + step) / (10 + step))
        slow = {n: decay * slow[n] + (1 - decay) * t.double() for n, t in module.named_parameters()}
    for name, tensor in slow.items():
        torch.testing.assert_close(ema.tensors()[name].double(), tensor, rtol=1e-5, atol=1e-6)
    for name, tensor in module.named_buffers():
        assert torch.equal(ema.tensors()[name], tensor)


def test_average_swaps_in_and_out() -> None:
    modules = stepping_module()
    module = next(modules)
    ema = ExponentialMovingAverage(module, decay=0.99)
    next(modules)
    ema.update(100)
    own = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(ZeroDivisionError), ema.swapped_in():
        assert all(torch.equal(module.state_dict()[name], tensor) for name, tensor in ema.tensors().items())
        assert not torch.equal(module.state_dict()["0.weight"], own["0.weight"])
        raise ZeroDivisionError
    assert all(torch.equal(module.state_dict()[name], tensor) for name, tensor in own.items())


def test_average_of_tied_weights_stays_tied() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    ema = ExponentialMovingAverage(module, decay=0.5)
    with torch.no_grad():
        module[0].weight.zero_()
    ema.update(100)
    averaged = ema.tensors()["0.weight"].clone()
    ema.copy_to_module()
    assert torch.equal(module[1].weight, averaged)
