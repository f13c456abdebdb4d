# SPDX-License-Identifier: Apache-2.0
"""``mm_nav init BAG --out DIR``: parameters, mountings and a launch file for a robot, from a recording of it.

What the recording does not tell is asked for: in the files, and on the screen. Nothing is guessed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from xml.sax.saxutils import quoteattr

import numpy as np
import tyro
import yaml
from rich.console import Console

from mm_nav.bags.playback import CALIBRATION, TopicUse, calibration_of, robot_source, topic_uses
from mm_nav.bags.reader import BagReader
from mm_nav.core.frames import TransformTree
from mm_nav.core.geometry import to_quaternion
from mm_nav.doctor.recording import Checkup
from mm_nav.doctor.timing import MOST_OFFSET_S
from mm_nav.errors import ConfigError
from mm_nav.ros.play import ranging_params, standard_topic

PARAMS, LAUNCH = "sensors.yaml", "robot.launch.xml"
MOUNTED = ("camera", "lidar", "radar")


@dataclass(frozen=True, kw_only=True)
class InitConfig:
    """Whose files to write."""

    bag: Annotated[Path, tyro.conf.Positional]
    """A recording of the robot: a minute of driving is enough."""
    out: Path
    """Folder for sensors.yaml, calibration.yaml and robot.launch.xml; files that are there are kept."""
    base_frame: str = "base_link"
    """Frame of the robot in the recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Robot:
    """What a recording tells of a robot.

    Attributes:
        uses: topics that mm_nav reads. tree: where their frames are. frames: source -> frame of its messages, '' where they
            name none. late_s: source -> seconds to add to its stamps. unstamped: sources without stamps.
    """

    uses: Sequence[TopicUse]
    tree: TransformTree
    base_frame: str
    frames: dict[str, str]
    late_s: dict[str, float]
    unstamped: tuple[str, ...]

    def lost(self) -> list[str]:
        """Frames whose mounting nobody tells."""
        named = {f for f in self.frames.values() if f and f != self.base_frame}
        return sorted(f for f in named if not self.tree.has(self.base_frame, f))


def look(reader: BagReader, base_frame: str) -> Robot:
    """What a recording tells."""
    checkup = Checkup(reader, base_frame)
    found = checkup.findings()
    uses = [u for u in topic_uses(reader) if u.kind and u.kind != "transform"]
    names = {u.topic: robot_source(u) for u in uses}
    unstamped = tuple(names[f.subject] for f in found if f.check == "stamp" and (f.values or {}).get("zero_stamps") and f.subject in names)
    late = {names[f.subject]: float((f.values or {})["against_others_s"]) for f in found if f.check == "clock" and f.level == "fault" and f.subject in names}
    return Robot(
        uses=uses, tree=checkup.tree, base_frame=base_frame,
        frames={robot_source(u): next((f.lstrip("/") for f in checkup.frames[u.topic] if f), "") for u in uses if u.kind in MOUNTED},
        late_s={} if unstamped else {name: s for name, s in late.items() if abs(s) <= MOST_OFFSET_S},  # arrival times need no offset
        unstamped=unstamped,
    )  # fmt: skip


def calibration(robot: Robot) -> str:
    """The calibration file: what is known, and what must be measured, as lines to fill in."""
    lines = ["# Where the sensors sit in the robot's frame (x forward, y left, z up, on the ground); see mm_nav/wire/extrinsics.py.",
             "# Beside recordings, mm_nav reads this file by itself; on the robot it is the parameter `calibration`.", "frames:"]  # fmt: skip
    known = sorted({f for f in robot.frames.values() if f and f != robot.base_frame} - set(robot.lost()))
    for frame in known:
        T = robot.tree.lookup(robot.base_frame, frame)
        lines.append(f"  {frame}: {{parent: {robot.base_frame}, xyz: {_short(T[:3, 3])}, xyzw: {_short(to_quaternion(T))}}}")
    lines += [f"  # {frame}: {{parent: {robot.base_frame}, xyz: [x, y, z], rpy: [roll, pitch, yaw]}}   <- measure, and take the # away"
              for frame in robot.lost()]  # fmt: skip
    fixed = [f"  {name}: {{time_offset_s: {late:.3f}}}" for name, late in robot.late_s.items()]
    nameless = [f"  # {name}: {{frame_id: NAME}}   <- name its frame, and take the # away" for name, f in robot.frames.items() if not f]
    return "\n".join([*lines, *(["sources:"] if fixed or nameless else []), *fixed, *nameless]) + "\n"


def parameters(robot: Robot) -> dict[str, Any]:
    """Parameters of the fusion node that differ from the package's own."""

    cameras = [u for u in robot.uses if u.kind == "camera"]
    packed = [u for u in cameras if u.type.endswith("CompressedImage")]
    values: dict[str, Any] = {
        "base_frame": robot.base_frame, "cameras": [robot_source(u).removeprefix("camera/") for u in (cameras if not packed or len(packed) == len(cameras) else packed)],
        "compressed": bool(packed),
    }  # fmt: skip
    if any("/image_rect" in u.topic for u in cameras):
        values["rectified"] = True
    values |= {name: topics for name, topics in ranging_params(robot.uses).items() if topics or name in ("lidars", "scans", "radars")}
    return values | ({"stamp_policy": "arrival"} if robot.unstamped else {})


def launch(robot: Robot, folder: Path) -> str:
    """A launch file that gives the nodes the robot's own topics."""
    names = {u.topic: standard_topic(u) for u in robot.uses}
    moved = [(standard, topic) for topic, standard in names.items() if standard is not None and topic.strip("/") != standard.strip("/")]
    remaps = "\n".join(f"    <remap from={quoteattr(a)} to={quoteattr(b)}/>" for a, b in moved if not a.startswith(("lidar", "radar")) and _remapped(robot, b))
    ours = '    <param from="$(find-pkg-share mm_nav)/launch/params.yaml"/>\n' + f'    <param from="$(dirname)/{PARAMS}"/>'
    return f"""<launch>
  <!-- written by `mm_nav init`; start it with: ros2 launch {folder / LAUNCH}   or: mm_nav up {folder / LAUNCH} -->
  <arg name="bundle" default="base" description="model bundle: a folder, or the name of an installed one"/>
  <arg name="enable_cmd_vel" default="false" description="publish velocities: true lets the robot move"/>
  <arg name="cmd_vel" default="cmd_vel" description="where velocities go"/>
  <arg name="use_sim_time" default="false" description="follow /clock"/>
  <node pkg="mm_nav" exec="fusion_node" name="fusion" output="screen">
{ours}
    <param name="bundle" value="$(var bundle)" type="str"/>
    <param name="calibration" value="$(dirname)/{CALIBRATION}" type="str"/>
    <param name="use_sim_time" value="$(var use_sim_time)"/>
{remaps}
  </node>
  <node pkg="mm_nav" exec="navigator_node" name="navigator" output="screen">
{ours}
    <param name="enable_cmd_vel" value="$(var enable_cmd_vel)"/>
    <param name="use_sim_time" value="$(var use_sim_time)"/>
{remaps}
    <remap from="cmd_vel" to="$(var cmd_vel)"/>
  </node>
</launch>
"""


def _remapped(robot: Robot, topic: str) -> bool:
    """Clouds are parameters; everything else has a name of ours."""
    return any(u.topic == topic and u.kind in ("camera", "camera_info", "odometry", "command") for u in robot.uses)


def asked(robot: Robot, out: Path) -> list[str]:
    """What only the robot's owner knows."""
    file = out / CALIBRATION
    found = [f"{file}: where is {frame}? Measure it, and fill in its line" for frame in robot.lost()]
    found += [f"{file}: messages of {name} name no frame; name one under sources, and its mounting under frames" for name, f in robot.frames.items() if not f]
    kinds = {u.kind for u in robot.uses}
    pictures = {u.type for u in robot.uses if u.kind == "camera"}
    if len(pictures) > 1:
        found.append("some cameras are raw, some compressed: one fusion node reads one kind, the compressed ones were taken")
    if "camera" in kinds:
        models = {u.name for u in robot.uses if u.kind == "camera_info"}
        found += [f"{u.name} has no camera_info: calibrate it, and publish it" for u in robot.uses if u.kind == "camera" and u.name not in models]
    for kind, loss in (("camera", "no colours and no open words"), ("lidar", "occupancy from the camera alone"),
                       ("odometry", "no waypoints to learn, and nothing is remembered while it drives")):  # fmt: skip
        if kind not in kinds:
            found.append(f"the recording has no {kind}: {loss}")
    if "command" not in kinds:
        found.append("the recording has no spoken commands (std_msgs/String on …/command): nothing teaches the goal")
    return found


def main(config: InitConfig) -> int:
    """Write the files and say what is still missing.

    Raises:
        BagError: unreadable. ConfigError: nothing in it that mm_nav reads.
    """
    with BagReader(config.bag) as reader:
        with Console().status(f"looking at {config.bag} …"):
            robot = look(reader, config.base_frame)
        told = calibration_of(reader.path)
    if not any(u.kind in MOUNTED for u in robot.uses):
        raise ConfigError(f"{config.bag} has no camera, LiDAR or radar that mm_nav reads; `mm_nav inspect` says what each topic is taken for")
    config.out.mkdir(parents=True, exist_ok=True)
    header = "# Topics of this robot, found in a recording; every parameter is explained in mm_nav's launch/params.yaml.\n"
    content = {"/**": {"ros__parameters": parameters(robot)}}
    files = {PARAMS: header + yaml.safe_dump(content, sort_keys=False), CALIBRATION: calibration(robot), LAUNCH: launch(robot, config.out)}
    for name, text in files.items():
        path = config.out / name
        if path.exists():
            print(f"kept {path}")
            continue
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    if told is None or told.parent != config.out:
        print(f"put {config.out / CALIBRATION} beside your recordings, if they lack /tf_static")
    for line in asked(robot, config.out):
        print(f"still needed: {line}")
    return 0


def _short(values: Any) -> list[float]:
    return [round(float(v), 6) + 0.0 for v in np.asarray(values)]
