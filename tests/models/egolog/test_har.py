import pytest
import torch

from models.egolog.har import Har

torch.manual_seed(0)


@pytest.mark.parametrize("present", [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)])
def test_any_token_may_be_missing(present: tuple[int, int, int]) -> None:
    audio, imu, text = (torch.tensor([bool(p)]) for p in present)
    logits = Har().eval()(
        torch.randn(1, 256), audio, torch.randn(1, 128), imu, torch.randn(1, 2, 384),
        text.expand(1, 2),
    )  # fmt: skip
    assert logits.shape == (1, 16)
    assert torch.isfinite(logits).all()


def test_a_missing_token_counts_for_nothing() -> None:
    network = Har().eval()
    yes, no = torch.tensor([True]), torch.tensor([False])
    imu, none = torch.randn(1, 128), torch.zeros(1, 0, 384)
    empty = torch.zeros(1, 0, dtype=torch.bool)
    first = network(torch.randn(1, 256), no, imu, yes, none, empty)
    second = network(torch.randn(1, 256), no, imu, yes, none, empty)
    assert torch.equal(first, second)
    masked = network(
        torch.randn(1, 256), no, imu, yes, torch.randn(1, 3, 384), empty.new_zeros(1, 3)
    )
    torch.testing.assert_close(first, masked)


def test_items_that_know_nothing_get_one_and_the_same_answer() -> None:
    network = Har().eval()
    no = torch.zeros(3, dtype=torch.bool)
    logits = network(
        torch.randn(3, 256), no, torch.randn(3, 128), no, torch.randn(3, 2, 384),
        no[:, None].expand(3, 2),
    )  # fmt: skip
    torch.testing.assert_close(logits[0], logits[1])
    torch.testing.assert_close(logits[0], logits[2])


def test_the_order_of_scenarios_does_not_matter() -> None:
    network = Har().eval()
    audio, imu, text = torch.randn(1, 256), torch.randn(1, 128), torch.randn(1, 2, 384)
    yes = torch.tensor([True])
    forth, back = (
        network(audio, yes, imu, yes, contexts, yes.expand(1, 2))
        for contexts in (text, text.flip(1))
    )
    torch.testing.assert_close(forth, back)
