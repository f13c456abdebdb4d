# SPDX-License-Identifier: Apache-2.0
"""Bags -> preprocessed frames on disk -> training samples.

Extraction runs the robot's own path (playback, synchroniser, preprocess), so the network trains on exactly what it
will be given. A bag is extracted once per model spec; arrays are memory-mapped afterwards.
"""

import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import Dataset

from mm_nav.bags.playback import calibration_of, readings, sources
from mm_nav.bags.reader import BagReader
from mm_nav.core.clarity import clear
from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import inverse, se2, yaw_of
from mm_nav.core.memory import OUTSIDE, fits, warp_grid
from mm_nav.core.preprocess import preprocess
from mm_nav.core.sync import Synchronizer
from mm_nav.core.types import SensorFrame, Utterance
from mm_nav.errors import BagError
from mm_nav.progress import track
from mm_nav.train import hindsight, labels, points
from mm_nav.train.accumulate import Surroundings
from mm_nav.train.augment import SENSORS, lose, mirror, sensor_dropout, weather
from mm_nav.train.queries import ask
from mm_nav.train.vocabulary import Vocabulary

FORMAT = 7  # raise it when what extraction writes changes
SENSED = ("camera_image", "camera_grid", "camera_mask", "lidar_bev", "lidar_mask", "radar_bev", "radar_mask")
WIDE = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)  # numpy widens numbers one by one, ten times as slowly
log = logging.getLogger(__name__)


def frames(path: Path, spec: ModelSpec) -> list[SensorFrame]:
    """Every synchronised instant of a bag, oldest first, without blind cameras, as the pipeline sees it."""
    out = []
    with BagReader(path) as reader:
        specs, tree = sources(reader)
        sync = Synchronizer(specs, slop_ns=spec.sync_slop_ns, window_ns=spec.sync_window_ns, tree=tree, radar_sweeps=spec.radar_sweeps)
        for name, reading, _ in readings(reader):
            if isinstance(reading, Utterance):
                continue
            sync.push(name, reading)
            while (frame := sync.pop()) is not None:
                out.append(clear(frame)[0])
        while (frame := sync.flush()) is not None:
            out.append(clear(frame)[0])
    return out


def extract(path: Path, spec: ModelSpec, cache: Path) -> Path:
    """Write one bag's frames and labels as .npy files; returns their folder (made once, then reused)."""
    key = hashlib.sha256(json.dumps([FORMAT, _shapes(spec), str(path.resolve()), _fingerprint(path)]).encode())
    folder = cache / f"{path.name}_{key.hexdigest()[:16]}"
    if (folder / "meta.json").exists():
        return folder
    found = frames(path, spec)
    if not found:
        raise BagError(f"{path}: no synchronised frame in it; `mm_nav inspect {path}` shows which topics it has")
    truth = labels.read_truth(path)
    around = None if truth.occupancy and truth.target_id is not None else Surroundings(found, truth.track(), spec.grid)
    sent = _sent(found, truth, around)
    table: dict[str, list[np.ndarray]] = {}
    grids: list[np.ndarray] = []
    for frame in found:
        row = _row(frame, truth, spec, around) | _told(hindsight.label(sent, truth.track(), frame.stamp_ns), sent)
        grid = row.pop("camera_grid")
        known = next((i for i, g in enumerate(grids) if g.shape == grid.shape and np.array_equal(g, grid)), None)
        if known is None:
            known = len(grids)
            grids.append(grid)
        row["grid_index"] = np.array(known, np.int32)
        for name, value in row.items():
            table.setdefault(name, []).append(value)
    meta = {"texts": _texts(truth), "phrases": truth.phrases, "target": truth.target_id, "sent": [goal.phrase for goal in sent]}
    _save(folder, table, grids, meta)
    return folder


def _sent(found: list[SensorFrame], truth: labels.Truth, around: Surroundings | None) -> list[hindsight.Goal]:
    """Where the robot was sent, seen from where it came to rest, if nobody recorded what was meant."""
    if around is None or truth.target_id is not None:
        return []
    stamps = np.array([frame.stamp_ns for frame in found])

    def occupancy_at(stamp_ns: int) -> np.ndarray:
        return around.at(found[int(np.argmin(np.abs(stamps - stamp_ns)))])

    return hindsight.goals(truth.commands, truth.track(), occupancy_at, around.grid)


def _told(goal: hindsight.GoalLabel, sent: list[hindsight.Goal]) -> dict[str, np.ndarray]:
    """``sent``: number of the phrase (-1 none), x, y in base_link, whether these are known, stop, whether that is known."""
    number = next((i for i, g in enumerate(sent) if g.phrase == goal.phrase), -1)
    return {"sent": np.array([number, *goal.xy, goal.known, goal.stop, goal.stop_known], np.float32)}


def _shapes(spec: ModelSpec) -> dict[str, Any]:
    """What of a spec extraction depends on; networks that differ in the rest share the extracted frames."""
    inside = ("backbone", "fusion_heads", "memory_channels", "memory_age_s", "embed_dim", "phrase_dim", "phrase_count", "classes")
    return {k: v for k, v in spec.to_json().items() if k not in inside}


def _row(frame: SensorFrame, truth: labels.Truth, spec: ModelSpec, around: Surroundings | None) -> dict[str, np.ndarray]:
    x = preprocess(frame, spec)
    found = labels.boxes(truth, frame, spec)
    way, known = labels.waypoints(truth, frame.stamp_ns, spec)
    return {
        "camera_image": x.camera_image, "camera_grid": x.camera_grid, "camera_mask": x.camera_mask,
        "lidar_bev": x.lidar_bev.astype(np.float16), "lidar_mask": x.lidar_mask,
        "radar_bev": x.radar_bev.astype(np.float16), "radar_mask": x.radar_mask, "ego": x.ego,
        "occupancy": labels.occupancy(truth, frame, spec, around), "waypoints": way, "waypoints_known": known,
        "stop": np.array([labels.fulfilled(truth, found)], np.float32), **found, "moving": labels.moving(frame, spec),
        "stamp_ns": np.array(frame.stamp_ns, np.int64), "pose": _pose(frame),
    }  # fmt: skip


def _pose(frame: SensorFrame) -> np.ndarray:
    """x, y, yaw in odom; NaN without odometry."""
    if frame.odometry is None:
        return np.full(3, np.nan)
    T = frame.odometry.T_odom_base
    return np.array([T[0, 3], T[1, 3], yaw_of(T)])


def _texts(truth: labels.Truth) -> dict[str, list[str]]:
    """Object id -> [class, description] from the ground-truth markers."""
    return {str(m.id): [m.ns, m.text] for markers in truth.objects.values() for m in markers}


def _fingerprint(path: Path) -> list[tuple[str, int, int]]:
    files = [path] if path.is_file() else sorted(p for p in path.iterdir() if p.is_file())
    said = calibration_of(path)
    return [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in [*files, *([said] if said and said not in files else [])]]


def _save(folder: Path, table: dict[str, list[np.ndarray]], grids: list[np.ndarray], meta: dict[str, Any]) -> None:
    """All of a bag or nothing: another training may extract the same bag into the same cache just now, or the disk be full."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".part", dir=folder.parent))
    try:
        for name, values in table.items():
            most = max(v.shape[0] for v in values) if values[0].ndim else 0
            if name.startswith("camera"):  # a camera that appeared later: pad with masked ones
                values = [np.concatenate([v, np.zeros((most - len(v), *v.shape[1:]), v.dtype)]) for v in values]
            np.save(part / f"{name}.npy", np.stack(values))
        most = max(len(g) for g in grids)
        padded = [np.concatenate([g, np.full((most - len(g), *g.shape[1:]), -2, g.dtype)]) for g in grids]
        np.save(part / "camera_grid.npy", np.stack(padded).astype(np.float32))
        (part / "meta.json").write_text(json.dumps(meta, ensure_ascii=False))
        if not (folder / "meta.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            part.rename(folder)
    except OSError as error:
        if not (folder / "meta.json").exists():  # else another training was faster, with the same
            raise BagError(f"{folder}: extracted frames cannot be kept ({error}); free some space, or name another place with --cache") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def fresh_processes() -> BaseContext:
    """How a training's helpers start: never by forking itself, whose threads (inference, ROS) would be half alive in them and crash."""
    context: Any = get_context("forkserver" if "forkserver" in get_all_start_methods() else "spawn")
    context.set_forkserver_preload([__name__])  # imported once, for all of them
    return cast(BaseContext, context)


def extract_all(bags: list[Path], spec: ModelSpec, cache: Path, workers: int, *, skip_broken: bool = False) -> dict[Path, Path]:
    """Extract bags side by side; bag -> its folder.

    Raises:
        BagError: some bags cannot be used and may not be skipped, or none is left; all of them are named at once.
    """
    folders, broken = {}, []
    with ProcessPoolExecutor(max_workers=max(1, workers), mp_context=fresh_processes()) as pool:
        jobs = {bag: pool.submit(extract, bag, spec, cache) for bag in bags}
        for bag, job in track(jobs.items(), "extracting bags"):
            try:
                folders[bag] = job.result()
            except BagError as error:
                broken.append(str(error))
    if broken and not (skip_broken and folders):
        raise BagError(f"{len(broken)} of {len(bags)} bags cannot be used: {' | '.join(broken)}"
                       + ("" if skip_broken else "; leave them out, or give --skip-broken"))  # fmt: skip
    for text in broken:
        log.warning("left out: %s", text)
    return folders


class FrameDataset(Dataset[dict[str, torch.Tensor]]):
    """Samples for model/losses.py from extracted folders.

    Args:
        folders: results of ``extract``. vocabulary: embeds phrases. augment: random queries, mirroring, light, sensor
            dropout; without it every frame is asked for its commanded target, and nothing is changed.
        sensors: that the network may see. sensor_dropout: whether augmenting takes some of them away at random.
        language: False deals out phrases of other frames, so that they carry nothing. part: of each recording, from its start.
    """

    def __init__(
        self, folders: list[Path], spec: ModelSpec, vocabulary: Vocabulary, *, augment: bool, seed: int,
        sensors: Sequence[str] = SENSORS, sensor_dropout: bool = True, language: bool = True, part: tuple[float, float] = (0.0, 1.0),
    ) -> None:  # fmt: skip
        self.spec, self.vocabulary, self.augment, self.seed = spec, vocabulary, augment, seed
        self.sensors, self.sensor_dropout, self.language = tuple(sensors), sensor_dropout, language
        self.folders = [f.name for f in folders]
        self._where = folders
        self.metas = [json.loads((f / "meta.json").read_text()) for f in folders]
        counts = [len(np.load(f / "stamp_ns.npy", mmap_mode="r")) for f in folders]
        self.index = [(s, i) for s, n in enumerate(counts) for i in range(int(part[0] * n), int(np.ceil(part[1] * n)))]
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, item: int) -> dict[str, torch.Tensor]:
        shard, meta = opened(self._where[self.index[item][0]]), self.metas[self.index[item][0]]
        i = self.index[item][1]
        rng = np.random.default_rng((self.seed, self.epoch if self.augment else 0, item))
        x = {k: np.array(v[i]) for k, v in shard.items() if k not in ("camera_grid", "grid_index", "stamp_ns", "pose")}
        x |= self._sensors(shard, i)
        x["occupancy"] = x["occupancy"].astype(np.float32)
        x["visible"] = points.visible(x)
        if self.spec.memory_channels:
            x |= self._past(shard, i, rng)
        ask(x, meta, self.vocabulary, self.spec, rng, augment=self.augment)
        if not self.language:
            for name in ("phrase", "box_phrase"):
                x[name] = self.vocabulary.anything(len(x[name]), rng)
        if self.augment:
            weather(x, rng)
            if rng.random() < 0.5:
                mirror(x)
            if self.sensor_dropout:
                sensor_dropout(x, rng, self.sensors)
        lose(x, set(SENSORS) - set(self.sensors))
        x.update(points.points(x["boxes"], self.spec, rng))
        x.update(points.surfaces(x, self.spec, rng))
        return {k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in x.items() if k not in ("ids", "hits", "in_view", "sent")}

    def _sensors(self, shard: dict[str, np.ndarray], i: int) -> dict[str, np.ndarray]:
        x = {k: np.array(shard[k][i]) for k in SENSED if k != "camera_grid"}
        x["camera_grid"] = np.array(shard["camera_grid"][int(shard["grid_index"][i])])
        return x | {name: WIDE.take(x[name].view(np.uint16)) for name in ("lidar_bev", "radar_bev")}

    def _past(self, shard: dict[str, np.ndarray], i: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """An earlier frame of the same bag to remember (``past_on`` 1), or none: half of the time, and at the start."""
        ages = (shard["stamp_ns"][i] - shard["stamp_ns"][:i]) * 1e-9
        known = [j for j in range(i) if fits(float(ages[j]), self.spec) and np.isfinite(shard["pose"][j]).all()]
        on = bool(known) and bool(np.isfinite(shard["pose"][i]).all()) and (not self.augment or rng.random() < 0.6)
        j = known[int(np.argmin(np.abs(ages[known] - self.spec.memory_age_s)))] if on else i
        if on and self.augment:
            j = known[int(rng.integers(len(known)))]
        T_past_now = inverse(se2(*shard["pose"][j])) @ se2(*shard["pose"][i]) if on else np.eye(4)
        grid = warp_grid(T_past_now, self.spec)
        out = {f"past_{k}": v for k, v in self._sensors(shard, j).items()}
        return out | {"past_on": np.array([on], np.float32), "memory_grid": grid if on else np.full_like(grid, OUTSIDE)}


@lru_cache(maxsize=16)  # every map holds a file open, and thousands of bags would hold too many
def opened(folder: Path) -> dict[str, np.ndarray]:
    """Arrays of an extracted bag by name, mapped rather than read."""
    return {p.stem: np.load(p, mmap_mode="r") for p in folder.glob("*.npy")}
