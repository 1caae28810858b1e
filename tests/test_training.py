"""Training data: what contrastive batches are made of."""

import numpy as np

from eval.training.batches import Column, Sampler, Task
from eval.training.hard_negatives import mine
from eval.training.vocabulary import build


def column(texts: list[list[int]]) -> Column:
    offsets = np.cumsum([0, *(len(text) for text in texts)])
    return Column(np.array([row for text in texts for row in text], dtype=np.int32), offsets)


def test_hard_negatives_share_words_with_the_question_and_are_not_its_answer() -> None:
    questions = [[1, 2, 10 + n] for n in range(20)]
    answers = [[1, 2, 3, 10 + n, 40 + n] for n in range(20)]
    # Two questions have one answer: it is a negative of neither.
    answers[1] = answers[0]
    task = Task("pair", "made up", column(questions), column(answers), np.arange(20), 1.0)
    hard = mine(task)
    assert hard.shape == (20, 10)
    for place, found in enumerate(hard):
        kept = [one for one in found.tolist() if one >= 0]
        assert kept and place not in kept
        assert all(answers[one] != answers[place] for one in kept)


def test_a_batch_brings_the_hard_negatives_that_are_not_in_it_already() -> None:
    texts = column([[n, n + 1] for n in range(6)])
    hard = np.full((6, 1), 5, dtype=np.int64)
    task = Task("pair", "made up", texts, texts, np.arange(3), 1.0, hard)
    left, right, added = Sampler([task], np.ones(8)).batch(3)
    assert len(left) == len(right) == 3
    assert [rows.tolist() for rows in added] == [[5, 6]]


def test_frequent_words_without_a_vector_are_kept_for_spelling() -> None:
    texts = [("fr", "chaleur réseau commune habitant énergie")] * 100
    words = {"chaleur", "reseau", "commune", "habitant", "energie"}
    roomy = build(texts, max_rows=100, max_words=1_000, pieces=40)
    assert words <= set(roomy.tokenizer.get_vocab()) and roomy.others == ()
    narrow = build(texts, max_rows=30, max_words=1_000, pieces=40)
    assert not words & set(narrow.tokenizer.get_vocab()) and set(narrow.others) == words
