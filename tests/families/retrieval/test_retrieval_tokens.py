"""Tokens of English and Chinese titles."""

from __future__ import annotations

import numpy as np

from atelier.families.retrieval.tokens import MAX_TOKENS, PADDING, token_ids, tokens


def test_a_word_counts_whole_and_by_its_trigrams() -> None:
    assert tokens("Red Hat") == ["red", "hat", "<re", "red", "ed>", "<ha", "hat", "at>"]


def test_spelling_variants_share_most_tokens() -> None:
    assert len(set(tokens("T-Shirts")) & set(tokens("tshirt"))) >= 3
    assert tokens("ＨＡＴ") == tokens("hat"), "full-width letters are the same letters"


def test_chinese_counts_by_character_and_by_pair_beside_other_words() -> None:
    assert tokens("红色连衣裙") == ["红", "色", "连", "衣", "裙", "红色", "色连", "连衣", "衣裙"]
    assert tokens("2024新款")[:3] == ["2024", "新", "款"]


def test_ids_are_padded_bounded_and_stable() -> None:
    ids = token_ids(["Red Hat", "", "word " * 200], num_buckets=5000)
    assert ids.shape == (3, MAX_TOKENS)
    assert (ids[0, :8] != PADDING).all()
    assert (ids[0, 8:] == PADDING).all()
    assert (ids[1] == PADDING).all()
    assert ids.max() < 5000
    # Hashes are part of every trained text tower: they may never change.
    assert ids[0, :2].tolist() == token_ids(["red hat"], 5000)[0, :2].tolist() == [761, 3683]
    assert np.array_equal(ids, token_ids(["Red Hat", "", "word " * 200], 5000))
