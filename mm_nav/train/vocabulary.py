# SPDX-License-Identifier: Apache-2.0
"""Phrases of a set of bags and their sentence embeddings, computed once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mm_nav.core.config import ModelSpec
from mm_nav.core.kind import CLASS_WORDS
from mm_nav.engine.text import SentenceEncoder

NEAR_MISS = 0.7  # share of absent phrases that share a word with something present


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A phrase and what it means: a description by its key, or any thing of a class."""

    text: str
    key: int = -1
    label: int = -1


class Vocabulary:
    """All phrases of extracted bags. ``keys`` number the descriptions ("red cone"), so that phrases can be matched.

    Args:
        metas: meta.json of extracted folders. cache: file that keeps embeddings between runs.
    """

    def __init__(self, metas: list[dict[str, Any]], spec: ModelSpec, encoder: SentenceEncoder, cache: Path | None) -> None:
        descriptions = sorted({text[1] for meta in metas for text in meta["texts"].values() if text[1]} | {p for meta in metas for p in meta["sent"]})
        self.keys = {text: i for i, text in enumerate(descriptions)}
        self.classes = {name: i for i, name in enumerate(spec.classes)}
        found: dict[str, set[str]] = {text: {text} for text in descriptions}
        for meta in metas:
            for number, phrases in meta["phrases"].items():
                if (text := meta["texts"].get(str(number))) is not None:
                    found[text[1]].update(p for p in phrases if not _relates(p))
        self.variants = {text: sorted(names) for text, names in found.items()}
        self.class_words = {self.classes[n]: CLASS_WORDS.get(n, (n,)) for n in spec.classes}
        self.rows: dict[str, np.ndarray] = {"": np.zeros(spec.phrase_dim, np.float32)}
        every = {p for names in self.variants.values() for p in names} | {w for words in self.class_words.values() for w in words}
        self._embed(sorted(every | set(spec.classes)), encoder, cache)

    def _embed(self, texts: list[str], encoder: SentenceEncoder, cache: Path | None) -> None:
        if cache is not None and cache.exists():
            with np.load(cache, allow_pickle=False) as stored:
                self.rows.update(zip(stored["texts"].tolist(), stored["rows"], strict=True))
        new = [t for t in texts if t not in self.rows]
        for start in range(0, len(new), 64):
            part = new[start : start + 64]
            self.rows.update(zip(part, encoder.encode(part), strict=True))
        if cache is not None and new:
            cache.parent.mkdir(parents=True, exist_ok=True)
            np.savez(cache, texts=np.array(list(self.rows)), rows=np.stack(list(self.rows.values())))

    def embedding(self, phrase: str) -> np.ndarray:
        """Sentence embedding (512,) of a phrase of these bags; zeros for the empty one."""
        return self.rows[phrase]

    def anything(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Embeddings (count, 512) of phrases drawn at random."""
        texts = sorted(self.rows)
        return np.stack([self.rows[texts[i]] for i in rng.integers(len(texts), size=count)])

    def key(self, description: str) -> int:
        """Number of a description, -1 if it is not known."""
        return self.keys.get(description, -1)

    def variant(self, description: str, rng: np.random.Generator | None) -> str:
        """A way to say a description; without rng the description itself."""
        pool = self.variants.get(description, [])
        return description if rng is None or not pool else pool[int(rng.integers(len(pool)))]

    def named(self, description: str, rng: np.random.Generator | None) -> Query:
        """Ask for things of a description."""
        return Query(text=self.variant(description, rng), key=self.key(description))

    def class_word(self, rng: np.random.Generator) -> Query:
        """Ask for any thing of a class, whatever its colour."""
        label = int(rng.integers(len(self.class_words)))
        words = self.class_words[label]
        return Query(text=words[int(rng.integers(len(words)))], label=label)

    def absent(self, here: set[str], rng: np.random.Generator) -> Query | None:
        """Ask for what is not in the frame: mostly another colour or another kind of what is."""
        others = [text for text in self.keys if text not in here]
        words = {w for text in here for w in text.split()}
        near = [text for text in others if words & set(text.split())]
        pool = near if near and rng.random() < NEAR_MISS else others
        return self.named(pool[int(rng.integers(len(pool)))], rng) if pool else None


def _relates(phrase: str) -> bool:
    """Phrases with a relation belong to one scene; the network grounds what they are made of."""
    words = (" next to ", " behind ", " in front of ", " left of ", " right of ", " near ", " beside ", " between ",
             " by ", " in back of ", "旁", "后", "前", "左", "右", "附近", "之间")  # fmt: skip
    return any(w in phrase for w in words)
