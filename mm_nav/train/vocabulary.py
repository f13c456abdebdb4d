# SPDX-License-Identifier: Apache-2.0
"""Phrases of a set of bags and their sentence embeddings, computed once."""

from pathlib import Path
from typing import Any

import numpy as np

from mm_nav.core.config import ModelSpec
from mm_nav.engine.text import SentenceEncoder


class Vocabulary:
    """All phrases of extracted bags. ``keys`` number the descriptions ("red cone"), so that phrases can be matched.

    Args:
        metas: meta.json of extracted folders. cache: file that keeps embeddings between runs.
    """

    def __init__(self, metas: list[dict[str, Any]], spec: ModelSpec, encoder: SentenceEncoder, cache: Path | None) -> None:
        descriptions = sorted({text[1] for meta in metas for text in meta["texts"].values() if text[1]})
        self.keys = {text: i for i, text in enumerate(descriptions)}
        self.classes = {name: i for i, name in enumerate(spec.classes)}
        self.variants: dict[str, list[str]] = {text: [] for text in descriptions}
        for meta in metas:
            for number, phrases in meta["phrases"].items():
                if (text := meta["texts"].get(str(number))) is not None:
                    self.variants[text[1]] += [p for p in phrases if not _relates(p)]
        self.variants = {text: sorted(set(found) | {text}) for text, found in self.variants.items()}
        known = {p for meta in metas for phrases in meta["phrases"].values() for p in phrases}
        self.rows: dict[str, np.ndarray] = {"": np.zeros(spec.phrase_dim, np.float32)}
        self._embed(sorted(known | set(descriptions) | set(spec.classes)), encoder, cache)

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

    def key(self, description: str) -> int:
        """Number of a description, -1 if it is not known."""
        return self.keys.get(description, -1)

    def phrase(self, meta: dict[str, Any], number: int, description: str, rng: np.random.Generator | None) -> str:
        """A way to name an object: one of the bag's own (relations included) or of its kind; without rng the description."""
        own = meta["phrases"].get(str(number), [])
        pool = self.variants.get(description, [])
        if not description or rng is None or not (own or pool):
            return description
        return str(rng.choice(own if own and rng.random() < 0.5 else pool))

    def absent(self, here: set[int], rng: np.random.Generator) -> str:
        """A phrase that names nothing in the frame."""
        others = [text for text, key in self.keys.items() if key not in here]
        return str(rng.choice(self.variants[str(rng.choice(others))])) if others else ""


def _relates(phrase: str) -> bool:
    """Phrases with a relation belong to one scene and must not be lent to another."""
    words = (" next to ", " behind ", " in front of ", " left of ", " right of ", " near ", " beside ", " between ",
             " by ", "旁", "后", "前", "左", "右", "附近", "之间")  # fmt: skip
    return any(w in phrase for w in words)
