# SPDX-License-Identifier: Apache-2.0
"""A random training sample: picture, scan, radar and occupancy label at a moment, from a drive of the simulator.

Ours: the shards that a training makes of each recording once, mapped and copied out; everything has network size there. The peer asks
the recording itself through rosbags for the messages of a time window, and decodes them; it is spared all that turns them into the
network's inputs.
"""

import importlib.metadata
import tempfile
from pathlib import Path

import numpy as np

from mm_nav.bench import Row, SkippedError, require, take_turns, versus
from mm_nav.core.config import ModelSpec

NAMES = ("camera_image", "lidar_bev", "radar_bev", "occupancy", "boxes", "waypoints")
LIMIT = "timed apart, all of it is copying 0.37 MB out of the map, at 1.3 to 2.8 GB/s, for the pages that it is copied to are new"
WINDOW_NS = 50_000_000  # to both sides


def row(quick: bool) -> Row:
    """Time both at the same random moments; equal first: the pictures of all of them."""
    try:
        from rosbags.highlevel import AnyReader
        from rosbags.typesys import Stores, get_typestore

        from mm_nav.sim.rollout import SimulateConfig, simulate
        from mm_nav.train.dataset import extract, opened
    except ImportError as error:
        raise SkippedError(f"{error.name} is not installed; pip install 'mm_nav[train,sim]'") from error
    with tempfile.TemporaryDirectory() as scratch:
        simulate(SimulateConfig(out=Path(scratch) / "bags", scenarios=1, seed=70, max_seconds=4.0 if quick else 12.0, workers=1))
        bag = next((Path(scratch) / "bags").rglob("metadata.yaml")).parent
        shard = opened(extract(bag, ModelSpec(), Path(scratch) / "cache"))
        stamps = np.asarray(shard["stamp_ns"])
        moments = np.random.default_rng(0).choice(stamps, 6 if quick else 24)

        def ours(at_ns: int) -> dict[str, np.ndarray]:
            i = min(int(np.searchsorted(stamps, at_ns)), len(stamps) - 1)
            return {name: np.array(shard[name][i]) for name in NAMES}

        with AnyReader([bag], default_typestore=get_typestore(Stores.ROS2_KILTED)) as reader:
            asked = [c for c in reader.connections if c.topic.endswith(("/image", "/points", "/occupancy"))]

            def theirs(at_ns: int) -> dict[str, object]:
                found = reader.messages(asked, start=int(at_ns) - WINDOW_NS, stop=int(at_ns) + WINDOW_NS)
                return {connection.topic: reader.deserialize(data, connection.msgtype) for connection, _, data in found}

            for at in moments:
                picture = next(m for topic, m in theirs(at).items() if topic.endswith("/image"))
                require(_same(picture, ours(at)["camera_image"][0]), f"pictures at {at} differ")
            times = take_turns(
                {
                    "mm_nav mapped shards": lambda: [ours(at) for at in moments],
                    f"rosbags {importlib.metadata.version('rosbags')} time window": lambda: [theirs(at) for at in moments],
                },
                repeat=1 if quick else 3,
            )  # fmt: skip
    each = {name: ms / len(moments) for name, ms in times.items()}
    return versus("samples", each, check=f"pictures of {len(moments)} moments, shrunk to network size", id="B10", targets=(100,), limit=LIMIT,
                  figures={"topics": len({c.topic for c in asked})})  # fmt: skip


def _same(message: object, small: np.ndarray) -> bool:
    from mm_nav.core.shrink import shrink
    from mm_nav.wire import decode_image

    out = np.empty_like(small)
    shrink(decode_image(message).rgb, out)
    return np.array_equal(out, small)
