import numpy as np
import pytest

from models.research.lanhar.evaluation.divergence import relative_divergence
from models.research.lanhar.evaluation.shared_classes import EvaluationError

LABELS = ("walking", "sitting")


def space(shift: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    own = np.array([LABELS[n % 2] for n in range(80)], dtype=np.str_)
    values = rng.normal(0, 1, (80, 12)) + 5 * (own == "walking")[:, None] + shift
    return values, own


def test_data_sets_that_lie_apart_diverge_more() -> None:
    first = space(0, 0)
    near = relative_divergence(*first, *space(0.2, 1), LABELS)
    far = relative_divergence(*first, *space(4.0, 1), LABELS)
    assert all(near[label] < far[label] for label in LABELS)


def test_equal_data_sets_do_not_diverge() -> None:
    first = space(0, 0)
    found = relative_divergence(*first, *first, LABELS)
    assert found == pytest.approx({"walking": 0, "sitting": 0}, abs=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_a_rounding_error_does_not_make_a_divergence_negative(seed: int) -> None:
    first = space(0, seed)
    assert min(relative_divergence(*first, *first, LABELS).values()) >= 0


def test_the_measure_has_no_unit() -> None:
    (a, labels_a), (b, labels_b) = space(0, 0), space(1, 1)
    one = relative_divergence(a, labels_a, b, labels_b, LABELS)
    other = relative_divergence(100 * a, labels_a, 100 * b, labels_b, LABELS)
    assert one == pytest.approx(other, rel=1e-3)


def test_one_label_cannot_be_compared() -> None:
    first = space(0, 0)
    with pytest.raises(EvaluationError, match="1 labels"):
        relative_divergence(*first, *space(0, 1), ("walking", "lying"))
