# SPDX-License-Identifier: Apache-2.0
"""Recordings as people really have them: something is missing, unreadable, or the disk is full."""

import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")
pytest.importorskip("open3d", reason="simulator extra not installed: pip install mm_nav[sim]", exc_type=ImportError)

from mm_nav.bags.reader import BagReader  # noqa: E402
from mm_nav.bags.writer import BagWriter  # noqa: E402
from mm_nav.engine import load_bundle  # noqa: E402
from mm_nav.errors import BagError  # noqa: E402
from mm_nav.sim.rollout import SimulateConfig  # noqa: E402
from mm_nav.sim.rollout import main as simulate  # noqa: E402
from mm_nav.train import run  # noqa: E402
from mm_nav.train.config import TrainConfig  # noqa: E402
from mm_nav.wire import encode_string  # noqa: E402

SMALL = {"model": "tiny", "batch_size": 4, "epochs": 1, "validation_share": 0.34, "loaders": 0, "workers": 1, "precision": "32-true"}


@pytest.fixture(scope="module")
def drives(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three short drives of three robots: each has its sensors mounted otherwise."""
    out = tmp_path_factory.mktemp("broken") / "bags"
    assert simulate(SimulateConfig(out=out, scenarios=3, seed=170, rate_hz=2.0, max_seconds=3.0, workers=1)) == 0
    return sorted(out.glob("scenario_*"))


def changed(bag: Path, out: Path, keep: Callable[[str], bool], also: Callable[[BagWriter, int], object] = lambda _w, _t: None) -> Path:
    """A copy of some topics of a bag, and what ``also`` adds at its first instant."""
    with BagReader(bag) as reader, BagWriter(out) as writer:
        first = True
        for connection, stamp_ns, data in reader._reader.messages():
            if first:
                also(writer, stamp_ns)
            first = False
            if keep(connection.topic):
                writer.write_serialized(connection.topic, connection.msgtype, bytes(data), stamp_ns)
    return out


def trained(tmp_path: Path, *bags: Path, **more: object) -> dict[str, float]:
    """Metrics of the bundle that some bags make."""
    out = tmp_path / "bundle"
    assert run.main(TrainConfig(bags=bags, out=out, cache=tmp_path / "cache", **{**SMALL, **more})) == 0
    return dict(load_bundle(out).manifest["metrics"])


def arrays(tmp_path: Path, bag: Path) -> dict[str, np.ndarray]:
    """What was extracted of a bag."""
    (folder,) = (tmp_path / "cache" / "frames").glob(f"{bag.name}_*")
    return {p.stem: np.load(p) for p in folder.glob("*.npy")}


def test_two_robots_with_other_mountings_train_one_network(drives: list[Path], tmp_path: Path) -> None:
    assert all(np.isfinite(v) for v in trained(tmp_path, *drives).values())
    first, second = (arrays(tmp_path, bag)["camera_grid"] for bag in drives[:2])
    assert not np.array_equal(first[0], second[0])


def test_a_bag_without_odometry_trains_with_its_waypoints_masked(drives: list[Path], tmp_path: Path) -> None:
    bag = changed(drives[0], tmp_path / "still", lambda topic: "odom" not in topic)
    assert all(np.isfinite(v) for v in trained(tmp_path, bag, *drives[1:]).values())
    assert not arrays(tmp_path, bag)["waypoints_known"].any()


def test_labels_that_cannot_be_read_are_masked_and_the_bag_still_trains(
    drives: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bag = changed(drives[0], tmp_path / "odd", lambda topic: "target" not in topic and "occupancy" not in topic,
                  lambda writer, t: writer.write("/ground_truth/target", encode_string("{not json"), t))  # fmt: skip
    assert all(np.isfinite(v) for v in trained(tmp_path, bag, *drives[1:]).values())
    assert not arrays(tmp_path, bag)["stop"].any()
    assert (arrays(tmp_path, bag)["occupancy"] == 1).any()  # from its LiDAR


def test_bags_that_cannot_be_used_are_all_named_and_left_out_only_when_told(
    drives: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty = changed(drives[0], tmp_path / "empty", lambda _: False)
    blind = changed(drives[0], tmp_path / "blind", lambda topic: topic == "/tf_static")
    config = TrainConfig(bags=(empty, blind, *drives), out=tmp_path / "bundle", cache=tmp_path / "cache", **SMALL)
    with pytest.raises(BagError, match=r"2 of 5 bags cannot be used: .*empty.*blind.*--skip-broken"):
        run.main(config)
    assert not (tmp_path / "bundle").exists()
    trained(tmp_path, empty, blind, *drives, skip_broken=True)
    assert load_bundle(tmp_path / "bundle").manifest["training"]["bags"] == 3
    with pytest.raises(BagError, match=r"2 of 2 bags cannot be used"):
        run.main(TrainConfig(bags=(empty, blind), out=tmp_path / "none", cache=tmp_path / "cache", skip_broken=True, **SMALL))


def small_files(most_bytes: int) -> Callable[[], None]:
    """For a child process: writing a longer file fails, as on a full disk."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    return limit


@pytest.mark.parametrize(("most_bytes", "what"), [(100_000, "extracted frames cannot be kept"), (2_500_000, "cannot be saved")])
def test_a_full_disk_is_an_error_that_leaves_nothing_half_written(
    drives: list[Path], tmp_path: Path, most_bytes: int, what: str
) -> None:
    words = ["train", *map(str, drives), "--out", str(tmp_path / "bundle"), "--cache", str(tmp_path / "cache"), "--model", "tiny", "--epochs", "1",
             "--batch-size", "4", "--validation-share", "0.34", "--loaders", "0", "--workers", "1", "--precision", "32-true"]  # fmt: skip
    if what == "cannot be saved":  # the training itself is done, only the bundle is missing
        subprocess.run([sys.executable, "-m", "mm_nav", *words], check=True, capture_output=True, timeout=300)
        (tmp_path / "bundle").rename(tmp_path / "other")
    done = subprocess.run([sys.executable, "-m", "mm_nav", *words], check=False, capture_output=True, text=True, timeout=300, preexec_fn=small_files(most_bytes))
    assert done.returncode == 2, done.stderr[-2000:]
    assert what in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "bundle").exists()
    assert not list(tmp_path.glob("**/*.part"))
