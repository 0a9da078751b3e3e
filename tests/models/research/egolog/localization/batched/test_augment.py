import pytest
import torch

from models.research.egolog.localization.batched import augment


def test_rotations_turn_and_do_not_mirror() -> None:
    turn = augment.rotations(20, torch.Generator().manual_seed(0))
    eye = torch.eye(3).expand(20, 3, 3)
    torch.testing.assert_close(turn @ turn.transpose(1, 2), eye, atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(turn), torch.ones(20), atol=1e-5, rtol=0)


def test_other_microphones_leave_silence_silent_and_differ_more_where_they_may() -> None:
    mel = torch.full((400, 2, 2, 64), 8.0)
    mel[:, :, 1] = 0
    apart = {}
    for share in (0.0, 1.0):
        rng = torch.Generator().manual_seed(0)
        changed = augment.vary_microphones(mel, augment.Imbalance(share=share), rng)
        assert not changed[:, :, 1].any()
        apart[share] = float((changed[:, 0, 0] - changed[:, 1, 0]).mean(1).std())
    # Two microphones' nats of power, each by itself.
    assert apart[0.0] == pytest.approx(2**0.5 * 0.15, rel=0.2)
    assert apart[1.0] == pytest.approx(2**0.5 * 0.35, rel=0.2)
