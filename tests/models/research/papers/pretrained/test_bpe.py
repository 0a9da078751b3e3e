from pathlib import Path

import pytest

from models.network.published_weights import UnreadableWeightsError
from models.research.papers.pretrained.bpe import Tokenizer
from tests.models.research.papers.pretrained.byte_pairs import MERGES, vocabulary


def test_a_text_is_start_merged_pieces_end_and_zeros(tmp_path: Path) -> None:
    tokenizer = Tokenizer(vocabulary(tmp_path), context=8)
    first = 512
    rows = tokenizer(["Cooking the co", "the"])
    o_end = 256 + (ord("o") - ord("!"))
    # "co" ends with "o</w>", which no merge joins.
    letter_c = ord("c") - ord("!")
    assert rows.tolist() == [
        [tokenizer.start, first + 5, first + 7, letter_c, o_end, tokenizer.end, 0, 0],
        [tokenizer.start, first + 7, tokenizer.end, 0, 0, 0, 0, 0],
    ]
    assert tokenizer.end == tokenizer.size - 1 == first + len(MERGES) + 1


def test_case_spaces_entities_and_other_scripts_are_evened_out(tmp_path: Path) -> None:
    tokenizer = Tokenizer(vocabulary(tmp_path))
    same = tokenizer(["the  COOKING", " The cooking ", "the\ncooking"])
    assert (same == same[0]).all()
    assert (tokenizer(["the &amp; the"]) == tokenizer(["the & the"])).all()
    assert (tokenizer(["naïve"]) == tokenizer(["nai\u0308ve"])).all()


def test_a_long_text_keeps_its_end(tmp_path: Path) -> None:
    tokenizer = Tokenizer(vocabulary(tmp_path))
    row = tokenizer(["the " * 200])[0]
    assert row.shape == (77,)
    assert row[-1] == tokenizer.end


def test_an_absent_or_wrong_vocabulary_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UnreadableWeightsError, match=r"does not exist; expected bpe_simple_vocab"):
        Tokenizer(tmp_path / "none.gz")
    (tmp_path / "x.gz").write_bytes(b"plain")
    with pytest.raises(UnreadableWeightsError, match="cannot be read"):
        Tokenizer(tmp_path / "x.gz")
    with pytest.raises(UnreadableWeightsError, match="no merge of two pieces in line 3"):
        Tokenizer(vocabulary(tmp_path, ["a b", "alone"]))
