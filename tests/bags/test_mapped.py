# SPDX-License-Identifier: Apache-2.0
"""The quick way through a recording gives what rosbags gives, and leaves to rosbags what it cannot read."""

import dataclasses
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mm_nav import wire
from mm_nav.bags import mapped
from mm_nav.bags.playback import readings
from mm_nav.bags.reader import BagReader
from mm_nav.bags.writer import BagWriter
from mm_nav.core.types import CameraImage
from mm_nav.errors import BagError

REAL = ["dgp_scene_01", "husky_odometry", "mmwave_radar", "nebula_radar", "nuscenes_keyframe", "radiate_foggy", "two_lidars"]


def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "chunks_of", lambda files: None)


def plain(value: Any) -> Any:
    """Anything that can be compared."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if dataclasses.is_dataclass(value):
        return [type(value).__name__, *[plain(getattr(value, f.name)) for f in dataclasses.fields(value)]]
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return "nan" if isinstance(value, float) and np.isnan(value) else value


def everything(path: Path, **options: Any) -> tuple[list[Any], str]:
    """Topic, time and content of every message, and the error that ended it."""
    found: list[Any] = []
    try:
        with BagReader(path, **options) as reader:
            found += ([m.topic, m.type, m.log_time_ns, plain(m.msg)] for m in reader.messages())
    except BagError as error:
        return found, str(error)
    return found, ""


def record(path: Path, *, compression: str = "zstd", count: int = 60, seed: int = 0) -> Path:
    """Pictures, and words in between, whose log times go back and forth as those of several writers do."""
    rng = np.random.default_rng(seed)
    with BagWriter(path, compression=compression) as writer:
        for i in range(count):
            at = i * 1000 + int(rng.integers(-2500, 2500)) // 500 * 500 + 10_000
            rgb = rng.integers(0, 256, (120, 300, 3), np.uint8)
            writer.write("camera/front/image", wire.encode_image(CameraImage(stamp_ns=i, frame_id="c", rgb=rgb)), at)
            writer.write("command", wire.encode_string(f"go {i}"), at + int(rng.integers(0, 3)) * 500)
    return path


def data_file(bag: Path) -> Path:
    return next(bag.glob("*.mcap"))


@pytest.mark.parametrize("compression", ["zstd", "none"])
@pytest.mark.parametrize("seed", range(4))
def test_every_message_comes_in_the_same_order_with_the_same_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str, seed: int) -> None:
    bag = record(tmp_path / "bag", compression=compression, seed=seed)
    with BagReader(bag) as reader:
        assert reader._chunks is not None
        assert len(reader._chunks) > 3
    quick = everything(bag)
    slowly(monkeypatch)
    assert quick == everything(bag)
    assert len(quick[0]) == 120


@pytest.mark.parametrize("name", REAL)
def test_real_recordings_give_the_same_readings(real_data: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def heard() -> list[Any]:
        with BagReader(real_data / name / "bag") as reader:
            return [[source, at, hash(str(plain(reading)))] for source, reading, at in readings(reader)]

    if not (real_data / name / "bag").exists():
        pytest.skip(f"{name} has no recording of its own")
    quick = heard()
    slowly(monkeypatch)
    assert quick == heard()


@pytest.mark.parametrize("compression", ["zstd", "none"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_damage_anywhere_is_told_as_rosbags_tells_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compression: str, share: float) -> None:
    bag = record(tmp_path / "bag", compression=compression)
    raw = bytearray(data_file(bag).read_bytes())
    at = int(share * len(raw))
    raw[at : at + 40_000] = bytes(40_000)
    data_file(bag).write_bytes(raw)
    quick, partly = everything(bag), everything(bag, allow_partial=True)
    assert "recovered" in quick[1]
    assert len(partly[0]) < 120
    slowly(monkeypatch)
    assert quick == everything(bag)
    assert partly == everything(bag, allow_partial=True)


def test_one_turned_bit_of_a_picture_is_seen(tmp_path: Path) -> None:
    bag = record(tmp_path / "bag", compression="none")
    raw = bytearray(data_file(bag).read_bytes())
    raw[len(raw) // 2] ^= 1
    data_file(bag).write_bytes(raw)
    assert "recovered" in everything(bag)[1]


def test_damage_in_what_is_not_asked_for_does_not_end_the_rest(tmp_path: Path) -> None:
    bag = record(tmp_path / "bag")
    with BagReader(bag) as reader:
        assert sum(1 for m in reader.messages(["/command"])) == 60


@pytest.mark.parametrize("cut", [1, 8, 37, 200, 5000])
def test_a_file_that_is_cut_off_is_recovered_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    bag = record(tmp_path / "bag")
    data_file(bag).write_bytes(data_file(bag).read_bytes()[:-cut])
    quick = everything(bag), everything(bag, allow_partial=True)
    slowly(monkeypatch)
    assert quick == (everything(bag), everything(bag, allow_partial=True))


def test_an_index_full_of_nonsense_is_left_to_rosbags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bag = record(tmp_path / "bag")
    whole = data_file(bag).read_bytes()
    start = int.from_bytes(whole[-28:-20], "little")
    for seed in range(12):
        raw, rng = bytearray(whole), np.random.default_rng(seed)
        for at in rng.integers(start, len(raw) - 37, 6):
            raw[at] = int(rng.integers(0, 256))
        data_file(bag).write_bytes(raw)
        quick = everything(bag)
        with monkeypatch.context() as patch:
            slowly(patch)
            assert quick == everything(bag)


def test_messages_outlive_their_recording(tmp_path: Path) -> None:
    bag = record(tmp_path / "bag", compression="none")
    with BagReader(bag) as reader:
        kept = [m.msg for m in reader.messages(["/camera/front/image"])]
    data_file(bag).unlink()
    with pytest.raises(BagError):
        BagReader(bag)
    assert len({bytes(msg.data) for msg in kept}) == 60


def test_a_reader_that_is_left_halfway_ends_its_threads(tmp_path: Path) -> None:


    bag = record(tmp_path / "bag")
    with BagReader(bag) as reader:
        stream = reader.messages()
        next(stream)
        stream.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("chunk")]
