"""Train the static embedding that ships with the advisor.

    python -m eval.training.static_model DATA OUTPUT [--steps 1500] [--hard-negatives]

DATA holds the files described in ``eval.training.sources``. In-batch contrastive learning in
both directions (van den Oord, Li and Vinyals, «Representation Learning with Contrastive
Predictive Coding», 2018) on the first 128, 256 and all 768 dimensions at once (Kusupati et
al., «Matryoshka Representation Learning», 2022). Vectors start as random projections weighted
by rarity: a bag of words to begin with, on which training builds.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.training.batches import MOST, Rows, Sampler, Task, tasks_of
from eval.training.hard_negatives import MINED, mine
from eval.training.sources import Account, Pair, Text, read, read_fiches
from eval.training.vocabulary import Vocabulary, build

DIMENSION = 768
# (first dimensions, weight of their loss)
MATRYOSHKA = ((DIMENSION, 1.0), (256, 0.4), (128, 0.15))
# Fewer vectors of more numbers: in 25 MB, worth more than many short ones.
ROWS, WORDS = 28_000, 140_000
BATCH, RATE, SCALE, START = 1024, 0.01, 20.0, 0.3
_BACKWARD = 0.5
_FICHES = Path(__file__).resolve().parents[2] / "corpus"
_FICHE_REPEATS = 20


def load(folder: Path, account: Account) -> dict[str, list[Text | Pair]]:
    """Return the items of each source, cut to ``MOST``."""
    by_source: dict[str, list[Text | Pair]] = defaultdict(list)
    for item in read(folder, account):
        by_source[f"{type(item).__name__} {item.source}"].append(item)
    draw = random.Random(0)
    for key, items in by_source.items():
        most = MOST.get(items[0].source, len(items))
        if len(items) > most:
            by_source[key] = draw.sample(items, most)
    by_source["Text fiches"] = [
        Text("fiches", one.lang, one.title, one.text) for one in read_fiches(_FICHES)
    ]
    return by_source


def texts_of(by_source: dict[str, list[Text | Pair]]) -> Iterator[tuple[str, str]]:
    """Yield (language, text) of everything, the fiches many times: their words must be known."""
    for items in by_source.values():
        for item in items:
            if isinstance(item, Text):
                for _ in range(_FICHE_REPEATS if item.source == "fiches" else 1):
                    yield item.lang, f"{item.title} {item.text[:1500]}"
            else:
                yield item.left_lang, item.left[:1500]
                yield item.right_lang, item.right[:1500]


def train(tasks: list[Task], rows: int, steps: int) -> npt.NDArray[np.float32]:
    """Return the trained vectors, shape (rows, DIMENSION)."""
    import torch
    from torch.nn import functional

    torch.manual_seed(0)
    counts = np.zeros(rows)
    for task in {id(one.left): one for one in tasks}.values():
        counts += np.bincount(task.left.rows, minlength=rows)
        counts += np.bincount(task.right.rows, minlength=rows)
    share = counts / counts.sum()
    information = -np.log(share + 1e-9)
    rarity = np.clip(information / information.mean(), 0, 1.6) ** 2
    # Smooth inverse frequency (Arora, Liang and Ma, 2017).
    sampler = Sampler(tasks, 1e-4 / (1e-4 + share))
    start = (
        torch.randn(rows, DIMENSION) * START * torch.from_numpy(rarity.astype(np.float32))[:, None]
    )
    table = torch.nn.Parameter(start)
    optimizer = torch.optim.Adam([table], lr=RATE, betas=(0.9, 0.99))
    began, running = time.monotonic(), 0.0
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 100) * max(0.02, 1 - step / steps)
        left, right, hard = sampler.batch(BATCH)
        apart = torch.zeros(len(left), len(hard), dtype=torch.bool)
        same = torch.cat([torch.from_numpy(_same(left) | _same(right)), apart], dim=1)
        right += hard
        first = functional.embedding_bag(*_bags(left), offsets=_offsets(left), weight=table)
        second = functional.embedding_bag(*_bags(right), offsets=_offsets(right), weight=table)
        labels = torch.arange(len(left))
        loss: Any = 0.0
        for size, weight in MATRYOSHKA:
            one = functional.normalize(first[:, :size], dim=1)
            two = functional.normalize(second[:, :size], dim=1)
            scores = (SCALE * one @ two.T).masked_fill(same, -1e4)
            loss = loss + weight * (
                functional.cross_entropy(scores, labels)
                + _BACKWARD * functional.cross_entropy(scores[:, : len(left)].T, labels)
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running = 0.98 * running + 0.02 * float(loss.detach())
        if step % 500 == 499:
            print(
                f"step {step + 1}: loss {running:.3f}, {time.monotonic() - began:.0f} s", flush=True
            )
    return np.asarray(table.detach().numpy(), dtype=np.float32)


def export(vocabulary: Vocabulary, vectors: npt.NDArray[np.float32], output: Path) -> None:
    """Write the model in the model2vec layout, 8-bit vectors with one scale per token."""
    from safetensors.numpy import save_file

    vectors = vectors - vectors.mean(axis=0)
    scales = np.abs(vectors).max(axis=1) / 127
    small = np.rint(vectors / np.maximum(scales, 1e-12)[:, None]).astype(np.int8)
    output.mkdir(parents=True, exist_ok=True)
    tensors = {
        "embeddings": np.ascontiguousarray(small),
        "weights": scales[vocabulary.rows].astype(np.float32),
        "mapping": vocabulary.rows.astype(np.int32),
    }
    save_file(tensors, output / "model.safetensors")
    vocabulary.tokenizer.save(str(output / "tokenizer.json"), pretty=False)
    others = "".join(f"{word}\n" for word in sorted(vocabulary.others))
    (output / "words.txt").write_text(others, encoding="utf-8")
    config = {"normalize": True, "max_length": 512, "embedding_dtype": "int8"}
    (output / "config.json").write_text(json.dumps(config, indent=4) + "\n", encoding="utf-8")
    modules = [
        {"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"}
    ]
    (output / "modules.json").write_text(json.dumps(modules, indent=4) + "\n", encoding="utf-8")


def main() -> None:
    """Read, train, export; print the account of the data by source and licence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--hard-negatives", action="store_true", help="mine them with BM25")
    options = parser.parse_args()
    account = Account()
    by_source = load(options.data, account)
    for verdict, lines in (("kept", account.kept), ("refused", account.refused)):
        for (source, licence), count in sorted(lines.items()):
            print(f"{verdict}\t{count}\t{source}\t{licence}")
    vocabulary = build(texts_of(by_source), ROWS, WORDS)
    print(f"{len(vocabulary.rows)} tokens, {vocabulary.size} vectors", flush=True)
    tasks = [
        task
        for items in by_source.values()
        for task in tasks_of(items[0].source, items, vocabulary)
    ]
    if options.hard_negatives:
        tasks = [replace(one, hard=mine(one)) if one.name in MINED else one for one in tasks]
    export(vocabulary, train(tasks, vocabulary.size, options.steps), options.output)


def _bags(texts: list[Rows]) -> tuple[Any]:
    import torch

    return (torch.from_numpy(np.concatenate(texts).astype(np.int64)),)


def _offsets(texts: list[Rows]) -> Any:
    import torch

    return torch.from_numpy(np.cumsum([0, *(len(text) for text in texts[:-1])]))


def _same(texts: list[Rows]) -> npt.NDArray[np.bool_]:
    """Tell which texts of a batch are the same, themselves apart: no negatives of each other."""
    keys = np.array([hash(text.tobytes()) for text in texts])
    same: npt.NDArray[np.bool_] = keys[:, None] == keys[None, :]
    np.fill_diagonal(same, False)
    return same


if __name__ == "__main__":
    main()
