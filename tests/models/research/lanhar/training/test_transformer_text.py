import pytest
import torch

from models.research.lanhar.training.transformer_text import TransformerText, TransformerTextConfig

TEXTS = ["steps come quickly", "the sensor is still", "", "quickly come steps"]


@pytest.mark.parametrize("causal", [False, True])
def test_texts_are_unit_vectors_whatever_stands_beside_them(causal: bool) -> None:
    torch.manual_seed(0)
    encoder = TransformerText(TransformerTextConfig(causal)).eval()
    together = encoder.encode(TEXTS)
    assert torch.allclose(together.norm(dim=1), torch.ones(len(TEXTS)), atol=1e-5)
    alone = torch.cat([encoder.encode([text]) for text in TEXTS])
    assert torch.allclose(together, alone, atol=1e-5)
    assert not torch.allclose(together[0], together[3], atol=1e-3)


@torch.no_grad()
def test_read_forward_a_word_does_not_see_those_that_follow() -> None:
    torch.manual_seed(0)
    seen = {}
    for causal in (True, False):
        encoder = TransformerText(TransformerTextConfig(causal)).eval()
        states = []
        encoder.layers.register_forward_hook(lambda _m, _i, out: states.append(out))  # noqa: B023
        encoder(encoder.prepare(["steps come quickly"]))
        encoder(encoder.prepare(["steps come slowly"]))
        seen[causal] = torch.allclose(states[0][:, :2], states[1][:, :2], atol=1e-6)
    assert seen == {True: True, False: False}
