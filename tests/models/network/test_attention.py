import torch

from models.network.attention import transformer


def test_tokens_that_are_masked_change_no_others() -> None:
    torch.manual_seed(0)
    layers = transformer(16, 4, 2, 0.1).eval()
    tokens = torch.randn(2, 5, 16)
    masked = torch.tensor([[False, False, True, False, True]]).expand(2, 5)
    other = tokens.clone()
    other[:, [2, 4]] = 9.0
    first, second = (layers(x, src_key_padding_mask=masked) for x in (tokens, other))
    assert first.shape == (2, 5, 16)
    torch.testing.assert_close(first[:, [0, 1, 3]], second[:, [0, 1, 3]])
