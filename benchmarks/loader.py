# SPDX-License-Identifier: Apache-2.0
"""Batches of pictures for a training, one process each: mapped shards of network size against JPEG files of a camera's size.

Peers: a tar of JPEGs read in order, which is what WebDataset does (its loop, without the package), and torch's DataLoader over a folder
of the same files. Both decode, shrink by area and put channels first; ours was made so when the recording was extracted. Questions and augmentation of a
sample cost the same behind either, and are not in it.
"""

import io
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from mm_nav.bench import Row, SkippedError, require, take_turns, versus
from mm_nav.core.config import ModelSpec
from mm_nav.core.shrink import shrink

BATCH = 16
SPEC = ModelSpec()
SHAPE = (3, SPEC.image_height, SPEC.image_width)


def row(quick: bool) -> Row:
    """Time all; equal first: every picture of every batch."""
    try:
        import torch
        from torch.utils.data import DataLoader, Dataset
    except ImportError as error:
        raise SkippedError("torch is not installed; pip install 'mm_nav[train]'") from error
    count = BATCH * (2 if quick else 8)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        _fill(folder, count)
        shard = np.load(folder / "camera_image.npy", mmap_mode="r")
        files = sorted(folder.glob("*.jpg"))

        class Pictures(Dataset[torch.Tensor]):
            def __len__(self) -> int:
                return len(files)

            def __getitem__(self, item: int) -> torch.Tensor:
                return torch.from_numpy(_decoded(files[item].read_bytes()))

        def ours() -> Iterator[np.ndarray]:
            batch = np.empty((BATCH, *SHAPE), np.uint8)
            for start in range(0, count, BATCH):
                batch[:] = shard[start : start + BATCH]
                yield batch

        def tar() -> Iterator[np.ndarray]:
            with tarfile.open(folder / "pictures.tar", "r|") as stream:
                found = (_decoded(body.read()) for member in stream if (body := stream.extractfile(member)) is not None)
                for _ in range(0, count, BATCH):
                    yield np.stack([next(found) for _ in range(BATCH)])

        loader = DataLoader(Pictures(), BATCH)
        for number, (a, b, c) in enumerate(zip(ours(), tar(), loader, strict=True)):
            require(np.array_equal(a, b) and np.array_equal(a, c.numpy()), f"pictures of batch {number} differ")
        times = take_turns(
            {
                "mm_nav mapped shard": lambda: [batch[0, 0, 0, 0] for batch in ours()],
                "tar of JPEGs, read as WebDataset does": lambda: [batch[0, 0, 0, 0] for batch in tar()],
                f"torch {torch.__version__} DataLoader over JPEGs": lambda: [batch[0, 0, 0, 0] for batch in loader],
            },
            repeat=1,
        )
    each = {name: ms / count for name, ms in times.items()}
    subject = next(iter(each.values()))
    return versus("loader", each, check=f"{count} pictures in batches of {BATCH}", id="B11", targets=(20, 20),
                  figures={"samples_per_s_and_core": 1e3 / subject})  # fmt: skip


def _fill(folder: Path, count: int) -> None:
    """720p pictures as files, as a tar and as a shard."""
    rng = np.random.default_rng(0)
    small = np.empty((count, *SHAPE), np.uint8)
    with tarfile.open(folder / "pictures.tar", "w") as tar:
        for i in range(count):
            coarse = rng.integers(0, 256, (45, 80, 3), np.uint8)
            bgr = cv2.add(cv2.resize(coarse, (1280, 720), interpolation=cv2.INTER_CUBIC), rng.integers(0, 12, (720, 1280, 3), np.uint8))
            data = cv2.imencode(".jpg", bgr)[1].tobytes()
            (folder / f"{i:05d}.jpg").write_bytes(data)
            member = tarfile.TarInfo(f"{i:05d}.jpg")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
            small[i] = _decoded(data)
    np.save(folder / "camera_image.npy", small)


def _decoded(data: bytes) -> np.ndarray:
    out = np.empty(SHAPE, np.uint8)
    shrink(cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), out)
    return out
