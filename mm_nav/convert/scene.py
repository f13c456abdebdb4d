# SPDX-License-Identifier: Apache-2.0
"""What every imported data set becomes: our topics, in order of time. Knows no data set."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int64

from mm_nav.bags.writer import BagWriter
from mm_nav.core.geometry import inverse
from mm_nav.core.types import CameraModel, Odometry
from mm_nav.errors import ConfigError
from mm_nav.progress import track
from mm_nav.wire.encode import encode_camera_info, encode_odometry, encode_transforms, packed_cloud
from mm_nav.wire.message import Encoded, header_fields
from mm_nav.wire.outcome import LabelledBox, encode_boxes

BASE, ODOM = "base_link", "odom"
LAST_S = 2**31  # seconds that builtin_interfaces/Time holds
WORDS = {  # of data sets -> of the networks that come with the package; others keep their own
    "car": "car", "van": "car", "truck": "car", "bus": "car", "vehicle.car": "car", "vehicle.truck": "car", "vehicle.bus.rigid": "car",
    "vehicle.bus.bendy": "car", "vehicle.construction": "car", "vehicle.trailer": "car", "vehicle.emergency.police": "car",
    "pedestrian": "person", "person": "person", "person (sitting)": "person", "human.pedestrian.adult": "person",
    "human.pedestrian.child": "person", "human.pedestrian.construction_worker": "person", "human.pedestrian.police_officer": "person",
    "movable_object.trafficcone": "cone",
}  # fmt: skip
SAID = {"construction": "construction vehicle", "emergency": "police car", "trafficcone": "traffic cone", "pushable_pullable": "stroller"}
Pose = Float64[np.ndarray, "4 4"]
Topics = Iterable[tuple[str, Encoded]]


@dataclass(frozen=True, slots=True)
class Event:
    """Messages of one moment; they are made when they are written, so that a scene need not fit into memory."""

    stamp_ns: int
    make: Callable[[], Topics]


def write(events: Sequence[Event], mounts: Mapping[str, Float64[np.ndarray, "4 4"]], out: Path) -> int:
    """Write a recording; returns the number of messages.

    Args:
        mounts: sensor frame -> its pose in base_link, for /tf_static.

    Raises:
        BagError: ``out`` exists or cannot be written. ConfigError: nothing in it, or a stamp that ROS cannot hold.
    """
    if not events:
        raise ConfigError(f"there is nothing to write to {out}; does the folder hold sensor data?")
    ordered = sorted(events, key=lambda e: e.stamp_ns)
    for event in (ordered[0], ordered[-1]):
        in_ros_time(event.stamp_ns)
    count = 1
    with BagWriter(out) as writer:
        first = ordered[0].stamp_ns
        writer.write("/tf_static", encode_transforms([(BASE, frame, T) for frame, T in mounts.items()], first), first)
        for event in track(ordered, out.name):
            for topic, message in event.make():
                writer.write(topic, message, event.stamp_ns)
                count += 1
    return count


def in_ros_time(stamp_ns: int) -> int:
    """The stamp, if ROS can hold it.

    Raises:
        ConfigError: it is before 1970 or after 2038.
    """
    if not 0 < stamp_ns < LAST_S * 10**9:
        raise ConfigError(f"stamp {stamp_ns / 1e9:.3f} s does not fit ROS time (1970 to 2038); correct the source's clock or its unit")
    return stamp_ns


def picture(name: str, file: Path, model: CameraModel, stamp_ns: int) -> Event:
    """A camera's picture as it is on disk, and its camera_info."""
    kind = {".png": "png"}.get(file.suffix.lower(), "jpeg")

    def make() -> Topics:
        data = np.frombuffer(content(file), np.uint8)
        fields = {"header": header_fields(stamp_ns, model.frame_id), "format": kind, "data": data}
        yield f"/camera/{name}/image/compressed", Encoded("sensor_msgs/msg/CompressedImage", fields)
        yield f"/camera/{name}/camera_info", encode_camera_info(model, stamp_ns)

    return Event(stamp_ns, make)


def scan(topic: str, frame: str, names: Sequence[str], read: Callable[[], Float32[np.ndarray, "n k"]], stamp_ns: int) -> Event:
    """A point cloud, read when it is written; ``names`` are its columns."""
    return Event(stamp_ns, lambda: [(topic, packed_cloud(tuple(names), np.ascontiguousarray(read(), "<f4"), stamp_ns, frame))])


def poses(ridden: Mapping[int, Float64[np.ndarray, "4 4"]]) -> list[Event]:
    """Odometry, and the same as ground truth: a survey's poses T_world_base by stamp, with twists by their differences."""
    stamps_ns = np.array(sorted(ridden), np.int64)
    T_world_base = np.array([ridden[s] for s in stamps_ns.tolist()]).reshape(-1, 4, 4)
    start = inverse(T_world_base[0]) if len(T_world_base) else np.eye(4)
    out = []
    for i, stamp_ns in enumerate(stamps_ns.tolist()):
        linear, angular = twist(stamps_ns, T_world_base, i)
        moved = Odometry(stamp_ns=stamp_ns, frame_id=ODOM, child_frame_id=BASE, T_odom_base=start @ T_world_base[i], linear=linear, angular=angular)
        message = encode_odometry(moved)
        out.append(Event(stamp_ns, lambda m=message: [("/odom", m), ("/ground_truth/odom", m)]))  # type: ignore[misc]
    return out


def twist(
    stamps_ns: Int64[np.ndarray, " n"], T_world_base: Float64[np.ndarray, "n 4 4"], i: int
) -> tuple[Float64[np.ndarray, "3"], Float64[np.ndarray, "3"]]:
    """Linear and angular velocity in base_link at pose ``i``, by the motion between its neighbours; zeros of a lone pose."""
    a, b = max(i - 1, 0), min(i + 1, len(stamps_ns) - 1)
    seconds = (int(stamps_ns[b]) - int(stamps_ns[a])) * 1e-9
    if seconds <= 0:
        return np.zeros(3), np.zeros(3)
    R = T_world_base[i, :3, :3]
    linear = R.T @ (T_world_base[b, :3, 3] - T_world_base[a, :3, 3]) / seconds
    turn = T_world_base[a, :3, :3].T @ T_world_base[b, :3, :3]
    axis = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]) / 2
    sine = float(np.linalg.norm(axis))
    angle = float(np.arctan2(sine, (np.trace(turn) - 1) / 2))
    return linear, axis * (angle / sine if sine > 1e-9 else 1.0) / seconds


def boxes(listed: Sequence[LabelledBox], stamp_ns: int) -> Event:
    """Annotated things, as training and evaluation read them; in base_link."""
    return Event(stamp_ns, lambda: [("/ground_truth/objects", encode_boxes(listed, stamp_ns))])


def box(number: int, word: str, center: Float64[np.ndarray, "3"], size: Float64[np.ndarray, "3"], yaw: float) -> LabelledBox:
    """One annotated thing; ``size`` is length, width, height. Its class is the networks', its text what people call it."""
    label = WORDS.get(word.lower(), word.lower())
    return LabelledBox(id=number, label=label, text=said(word), center=np.asarray(center, np.float64), size=np.asarray(size, np.float64), yaw=float(yaw))


def said(word: str) -> str:
    """A data set's word as people say it: ``vehicle.bus.rigid`` is a bus, ``human.pedestrian.adult`` a person."""
    family, *rest = word.lower().split(".")
    if family == "human" or family in ("pedestrian", "person (sitting)"):
        return "person"
    plain = rest[0] if rest else family
    return SAID.get(plain, plain.replace("_", " "))


def content(file: Path) -> bytes:
    """A file of a data set.

    Raises:
        ConfigError: it is not there, or holds nothing; named with what to do.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}); unpack the whole data set, or leave this sensor's folder out") from error
    if not data:
        raise ConfigError(f"{file} is empty (0 bytes); unpack it again")
    return data


def floats(file: Path, columns: int) -> Float32[np.ndarray, "n k"]:
    """Rows of little-endian float32.

    Raises:
        ConfigError: not there, or not a whole number of rows.
    """
    data = content(file)
    if len(data) % (4 * columns):
        raise ConfigError(f"{file} has {len(data)} bytes, no whole number of {columns} float32; it is cut off, copy it again")
    return np.frombuffer(data, "<f4").reshape(-1, columns)
