# SPDX-License-Identifier: Apache-2.0
"""Parameters of the robot: frozen configs, loaded strictly from ROS parameters. Imports no rclpy and knows no node.

``launch/params.yaml`` holds every key under ``/**: ros__parameters:`` and serves fusion, navigator and sim, so a key that
another node owns is accepted and ignored; a key that no node owns is an error that names the nearest one. The player's,
the viewer's and the fault injector's keys are arguments of their launch files.
"""

import dataclasses
import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from mm_nav.core.safety import DriveLimits
from mm_nav.engine import BACKENDS, PRECISIONS
from mm_nav.errors import ConfigError

Config = TypeVar("Config")
FOREIGN = ("use_sim_time", "start_type_description_service", "qos_overrides")  # rclpy's own
_STOCK = DriveLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a parameter means and may be; ``low`` and ``high`` are inclusive."""

    doc: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    length: int | None = None  # of each list in a family of parameters


def _param(default: Any, doc: str, **rule: Any) -> Any:
    if isinstance(default, dict):
        return field(default_factory=dict, metadata={"rule": Rule(doc=doc, **rule)})
    return field(default=default, metadata={"rule": Rule(doc=doc, **rule)})


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotConfig:
    """What every node may want to know about the robot."""

    autostart: bool = _param(True, "configure and activate by itself at start; false: a lifecycle manager does it")
    base_frame: str = _param("base_link", "frame on the ground under the robot's centre")
    enable_stamped_cmd_vel: bool = _param(True, "cmd_vel is TwistStamped (Kilted and later), else Twist")
    max_speed: float = _param(_STOCK.max_speed, "forward speed limit", unit="m/s", low=0.0, high=20.0)
    max_reverse: float = _param(_STOCK.max_reverse, "backward speed limit", unit="m/s", low=0.0, high=20.0)
    max_yaw_rate: float = _param(_STOCK.max_yaw_rate, "turning limit", unit="rad/s", low=0.0, high=10.0)
    max_accel: float = _param(_STOCK.max_accel, "limit of speeding up; braking is never delayed", unit="m/s^2", low=0.01, high=20.0)
    max_yaw_accel: float = _param(_STOCK.max_yaw_accel, "limit of turning faster", unit="rad/s^2", low=0.01, high=50.0)
    robot_radius: float = _param(_STOCK.robot_radius, "circle that holds the footprint", unit="m", low=0.01, high=10.0)
    stop_margin: float = _param(_STOCK.stop_margin, "distance at which it stands before an obstacle", unit="m", low=0.0, high=10.0)
    min_turn_radius: float = _param(
        _STOCK.min_turn_radius, "above 0 it steers like a car and cannot turn in place", unit="m", low=0.0, high=100.0
    )
    degraded_speed: float = _param(_STOCK.degraded_speed, "speed limit while a sensor is missing", unit="m/s", low=0.0, high=20.0)
    unknown_speed: float = _param(_STOCK.unknown_speed, "speed limit into ground nobody has seen", unit="m/s", low=0.0, high=20.0)
    creep_speed: float = _param(_STOCK.creep_speed, "speed out of the reach of an obstacle", unit="m/s", low=0.0, high=5.0)
    max_plan_age_s: float = _param(_STOCK.max_plan_age_s, "older plans stop the robot", unit="s", low=0.05, high=10.0)
    max_scene_age_s: float = _param(_STOCK.max_scene_age_s, "older occupancy stops the robot", unit="s", low=0.05, high=10.0)
    max_odom_age_s: float = _param(_STOCK.max_odom_age_s, "older odometry stops the robot", unit="s", low=0.05, high=10.0)

    def limits(self) -> DriveLimits:
        """The limits that the planner and the velocity law keep."""
        return DriveLimits(**{f.name: getattr(self, f.name) for f in dataclasses.fields(DriveLimits)})


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionConfig(RobotConfig):
    """Parameters of the fusion node."""

    bundle: str = _param("base", "model bundle: a folder, or the name of one that came with the package")
    backend: str = _param("auto", "inference backend; auto takes the first that loads, and says why", choices=BACKENDS)
    precision: str = _param("auto", "arithmetic of the network; auto takes the fastest that the bundle proves", choices=PRECISIONS)
    allow_fallback: bool = _param(False, "if the backend that is named cannot be loaded, go on with another, and warn")
    threads: int = _param(0, "inference threads; 0 leaves it to the backend", low=0, high=256)
    cameras: tuple[str, ...] = _param(("front",), "each NAME reads camera/NAME/image and camera/NAME/camera_info")
    compressed: bool = _param(False, "read camera/NAME/image/compressed instead of camera/NAME/image")
    rectified: bool = _param(False, "pictures are rectified (image_rect): use P of their camera_info, and no distortion")
    lidars: tuple[str, ...] = _param(("lidar/points",), "PointCloud2 topics of LiDARs")
    scans: tuple[str, ...] = _param((), "LaserScan topics")
    multi_echo_scans: tuple[str, ...] = _param((), "MultiEchoLaserScan topics")
    depths: tuple[str, ...] = _param((), "each NAME reads depth/NAME/image (16UC1 or 32FC1) and depth/NAME/camera_info, as another LiDAR")
    radars: tuple[str, ...] = _param(("radar/points",), "PointCloud2 topics of radars (x y z, velocity and/or rcs)")
    radar_scans: tuple[str, ...] = _param((), "radar_msgs/RadarScan topics; needs radar_msgs")
    radar_tracks: tuple[str, ...] = _param((), "radar_msgs/RadarTracks topics; needs radar_msgs")
    radar_images: tuple[str, ...] = _param(
        (), "polar pictures of scanning radars: rows are ranges, columns azimuths (Image, or CompressedImage if it ends in /compressed)")
    calibration: str = _param("", "sensor mountings: our YAML (docs in mm_nav/wire/extrinsics.py), a KITTI day's folder, or nuScenes' calibrated_sensor.json; empty for none")
    stamp_policy: str = _param(
        "header", "time of a reading: its header stamp, or its arrival for drivers without a clock",
        choices=("header", "arrival"),
    )
    max_stamp_age_s: float = _param(
        0.0, "drop readings whose stamp differs more from the clock; 0 never drops", unit="s", low=0.0, high=3600.0
    )
    max_command_age_s: float = _param(2.0, "spoken orders that waited longer are refused; stop words never are", unit="s", low=0.1, high=60.0)
    required: tuple[str, ...] = _param((), "sources or kinds (lidar, radar, camera/front) without which the robot stands instead of driving slowly")
    empty_is_open: bool = _param(False, "a LiDAR without a single point means open ground; false: after a second it counts as broken")
    low_contrast: float = _param(0.2, "warn of a camera whose picture has less contrast: fog, dirt or focus", low=0.0, high=1.0)
    nav2_action: str = _param(
        "", "action of Nav2 (nav2_msgs/NavigateToPose) that is given each goal the robot is sure of, navigate_to_pose; empty: none")
    extrinsics: Mapping[str, tuple[float, ...]] = _param(
        {}, "extrinsics.FRAME: mounting in base_frame, x y z (m) and qx qy qz qw", length=7, low=-1000.0, high=1000.0
    )
    frame_id: Mapping[str, str] = _param({}, "frame_id.SOURCE: frame of a source whose messages name none or a wrong one")
    time_offset_s: Mapping[str, float] = _param(
        {}, "time_offset_s.SOURCE: added to the stamps of a source; a negative one of up to 1 s makes instants wait for it as long", unit="s", low=-10.0, high=10.0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NavigatorConfig(RobotConfig):
    """Parameters of the navigator node."""

    enable_cmd_vel: bool = _param(False, "publish cmd_vel; off, so that a robot moves only when its owner says so")
    rate_hz: float = _param(20.0, "rate of cmd_vel", unit="Hz", low=5.0, high=200.0)
    sim_pause_ok: bool = _param(False, "with use_sim_time: drive on while /clock stands")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimConfig(RobotConfig):
    """Parameters of the sim node."""

    seed: int = _param(7, "world, robot start and task are made from it", low=0, high=2**31 - 1)
    robot: str = _param("diff", "differential drive, or car-like steering", choices=("diff", "ackermann"))
    rig: int = _param(0, "0: our usual sensors; others: sensors of another robot, mounted and made otherwise", low=0, high=2**31 - 1)
    say: str = _param("", "spoken command; empty: the task that the world comes with")
    real_time_factor: float = _param(1.0, "simulated seconds per second", low=0.05, high=20.0)
    sensor_rate_hz: float = _param(5.0, "simulated rate of camera, LiDAR and radar", unit="Hz", low=0.5, high=20.0)
    time_limit_s: float = _param(60.0, "simulated seconds until the run has failed", unit="s", low=1.0, high=3600.0)
    hold_s: float = _param(30.0, "how long the world waits at its start for somebody who takes orders", unit="s", low=0.0, high=600.0)
    exit_when_done: bool = _param(False, "end the node when the goal is reached or time is up")
    endless: bool = _param(False, "say another order in the same world when one is fulfilled or its time is up")
    result_file: str = _param("", "where to write the result as one line of JSON; empty for nowhere")


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectorConfig(FusionConfig):
    """Parameters of the fault injector, which reads and says the topics that the fusion node of this config reads."""

    enable: bool = _param(False, "spoil data when told to; false: the node refuses to start")
    prefix: str = _param("real", "each TOPIC is read as PREFIX/TOPIC")
    fault_seed: int = _param(0, "of what is random in a fault", low=0, high=2**31 - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayerConfig(RobotConfig):
    """Parameters of the play node."""

    bag: str = _param("", "the recording to play: a folder, or a file")
    rate: float = _param(1.0, "speed against the recorded one; 0 is as fast as it can", low=0.0, high=1000.0)
    loop: bool = _param(False, "begin again at the end; time jumps back, and nodes forget what they saw")
    clock: bool = _param(True, "publish /clock from the recording, for nodes with use_sim_time")
    wait_s: float = _param(60.0, "how long to wait for listeners to every topic", unit="s", low=0.0, high=3600.0)
    exit_when_done: bool = _param(True, "end the node when the recording has been played")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewerConfig(FusionConfig):
    """Parameters of the viewer node: it reads what the fusion node reads, and what that says."""

    rerun: str = _param("true", "true: a window, or the browser without a display; native; web; FILE.rrd records; false: as web, for the dashboard")
    dashboard: bool = _param(False, "serve a page on this machine: words and switches beside the picture")
    dashboard_port: int = _param(8090, "port of the page; another one where it is taken", low=1024, high=65535)
    max_rate_hz: float = _param(5.0, "most messages per second of a topic that are shown", unit="Hz", low=0.1, high=50.0)


NODES: tuple[type[RobotConfig], ...] = (FusionConfig, NavigatorConfig, SimConfig)


def rules(config: type) -> dict[str, tuple[Any, Rule]]:
    """Type and rule of each parameter of a config class, in order."""
    hints = get_type_hints(config)
    return {f.name: (hints[f.name], f.metadata["rule"]) for f in dataclasses.fields(config)}


def load(config: type[Config], values: Mapping[str, Any]) -> Config:
    """A config from ROS parameters (``extrinsics.lidar`` and the like are gathered).

    Raises:
        ConfigError: unknown key (names the nearest), wrong type, out of range, or not finite.
    """
    own = rules(config)
    known = {name: family for node in (*NODES, config) for name, (kind, _) in rules(node).items() for family in [_is_family(kind)]}
    taken: dict[str, Any] = {}
    for key, value in values.items():
        head, _, member = key.partition(".")
        if head in FOREIGN or (value is None and known.get(key)):  # `extrinsics: {}` arrives as "not set"
            continue
        if head not in known or known[head] != bool(member):
            raise ConfigError(_unknown(key, value, known))
        if head not in own:
            continue
        kind, rule = own[head]
        if known[head]:
            taken.setdefault(head, {})[member] = _check(key, value, get_args(kind)[1], rule)
        else:
            taken[head] = _check(key, value, kind, rule)
    return config(**taken)


def _is_family(kind: Any) -> bool:
    return get_origin(kind) is not None and get_origin(kind) is not tuple


def _unknown(key: str, value: Any, known: Mapping[str, bool]) -> str:
    head, _, member = key.partition(".")
    near = difflib.get_close_matches(head, known, n=1, cutoff=0.4) or difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    if near:
        hint = f"did you mean {near[0] + ('.' + (member or 'NAME') if known[near[0]] else '')!r}?"
    else:
        hint = f"known are {', '.join(sorted(known))}"
    return f"unknown parameter {key!r} ({_short(value)}); {hint}"


def _check(key: str, value: Any, kind: Any, rule: Rule) -> Any:
    if get_origin(kind) is tuple:
        return _check_list(key, value, get_args(kind)[0], rule)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        names = {float: "a number", int: "an integer", str: "text (quote it)", bool: "true or false"}
        raise ConfigError(f"parameter {key!r} is {_short(value)} ({type(value).__name__}); it must be {names[kind]}")
    if rule.choices and value not in rule.choices:
        near = difflib.get_close_matches(value, rule.choices, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(rule.choices)}"
        raise ConfigError(f"parameter {key!r} is {_short(value)}; {hint}")
    if kind in (int, float):
        low, high = -math.inf if rule.low is None else rule.low, math.inf if rule.high is None else rule.high
        if not (math.isfinite(value) and low <= value <= high):
            unit = f" {rule.unit}" if rule.unit else ""
            raise ConfigError(f"parameter {key!r} is {value!r}; it must be in {low:g}..{high:g}{unit}")
    return value


def _check_list(key: str, value: Any, kind: Any, rule: Rule) -> tuple[Any, ...]:
    if value is None or (isinstance(value, str) and not value):  # `[]` arrives as "not set"
        value = ()
    if isinstance(value, str | bytes) or not hasattr(value, "__len__"):
        raise ConfigError(f"parameter {key!r} is {_short(value)}; it must be a list, as in [{_short(value)}]")
    if rule.length is not None and len(value) != rule.length:
        raise ConfigError(f"parameter {key!r} has {len(value)} values; it must have {rule.length}: {rule.doc}")
    return tuple(_check(f"{key}[{i}]", item, kind, rule) for i, item in enumerate(value))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
