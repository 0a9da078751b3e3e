import torch

from models.lanhar.hashed_words import words
from models.lanhar.text_encoder import TextDecoder, WordEncoder


def encoder() -> WordEncoder:
    torch.manual_seed(0)
    return WordEncoder().eval()


def test_texts_become_unit_vectors() -> None:
    found = encoder().encode(["strong periodic steps", "the body rests"])
    assert found.shape == (2, 128)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))


def test_a_text_gives_the_same_vector_among_longer_ones() -> None:
    alone = encoder().encode(["the body rests"])[0]
    among = encoder().encode(["the body rests", "steps " * 40])[0]
    torch.testing.assert_close(alone, among, atol=1e-5, rtol=1e-4)


def test_equal_texts_are_encoded_once_and_keep_their_places() -> None:
    found = encoder().encode(["a b", "c d", "a b"])
    assert torch.equal(found[0], found[2])
    assert not torch.equal(found[0], found[1])


def test_a_text_without_words_is_finite() -> None:
    assert torch.isfinite(encoder().encode(["", "!?"])).all()


def test_no_texts_give_no_vectors() -> None:
    assert encoder().encode([]).shape == (0, 128)


def test_words_are_lower_case_without_marks() -> None:
    assert words("Steps, at 1.8 Hz!") == ["steps", "at", "1", "8", "hz"]


def test_the_decoder_learns_to_write_a_text_again() -> None:
    torch.manual_seed(0)
    texts = ["the body rests", "hard quick steps"]
    decoder = TextDecoder(words(" ".join(texts)))
    vectors, targets = encoder().encode(texts), decoder.targets(texts)
    optimizer = torch.optim.Adam(decoder.parameters(), 1e-2)
    losses = []
    for _ in range(100):
        logits = decoder(vectors, targets)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_words_outside_of_the_decoders_vocabulary_share_a_number() -> None:
    targets = TextDecoder(["rest"]).targets(["rest never"])
    assert targets.tolist() == [[2, 1]]
