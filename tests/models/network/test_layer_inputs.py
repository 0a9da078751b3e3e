from __future__ import annotations

import torch
from torch import nn

from models.network.layer_inputs import layer_inputs


def test_the_inputs_of_each_call_are_collected_until_the_context_ends() -> None:
    layer = nn.Linear(2, 1)
    given = torch.tensor([[1.0, 2.0]])
    with layer_inputs(layer) as inputs:
        layer(given)
        layer(given * 3)
    layer(given)
    assert torch.equal(torch.cat(inputs), torch.tensor([[1.0, 2.0], [3.0, 6.0]]))
