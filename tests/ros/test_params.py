# SPDX-License-Identifier: Apache-2.0
"""Parameters are read strictly, from one documented file."""

import dataclasses
import math
from typing import Any

import pytest
import yaml

from mm_nav.core.safety import DriveLimits
from mm_nav.errors import ConfigError
from mm_nav.ros.params import NODES, FusionConfig, NavigatorConfig, RobotConfig, SimConfig, load, rules
from mm_nav.ros.transport import share_dir

BY_LAUNCH = {"bundle", "autostart", "enable_cmd_vel"}  # arguments of the launch files
FAMILIES = {"extrinsics", "frame_id", "time_offset_s"}


def shipped() -> dict[str, Any]:
    content = yaml.safe_load((share_dir() / "launch" / "params.yaml").read_text(encoding="utf-8"))
    return dict(content["/**"]["ros__parameters"])


@pytest.mark.parametrize("config", NODES)
def test_the_shipped_file_holds_the_defaults(config: type[RobotConfig]) -> None:
    assert load(config, shipped()) == config()


def test_the_shipped_file_names_every_parameter_with_a_comment_that_tells_its_range() -> None:
    known = {name: rule for node in NODES for name, (_, rule) in rules(node).items()}
    assert set(shipped()) == set(known) - BY_LAUNCH - FAMILIES
    lines = [line.strip() for line in (share_dir() / "launch" / "params.yaml").read_text(encoding="utf-8").splitlines()]
    for name in set(known) - BY_LAUNCH:
        (at,) = (i for i, line in enumerate(lines) if line.startswith((f"{name}:", f"# {name}:")))
        comment = lines[at - 1]
        assert comment.startswith("#"), name
        assert known[name].doc in comment, name
        if known[name].high is not None:
            assert f"{known[name].low:g}..{known[name].high:g}" in comment, name


def test_every_limit_of_the_velocity_law_is_a_parameter() -> None:
    values = {f.name: f.default * 0.5 + 0.1 for f in dataclasses.fields(DriveLimits) if isinstance(f.default, float)}
    assert load(NavigatorConfig, values).limits() == DriveLimits(**values)


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("max_sped", "max_speed"), ("Bundle", "bundle"), ("camera", "cameras"), ("extrinsic.lidar", "extrinsics.lidar"),
     ("time_offset.lidar", "time_offset_s.lidar"), ("enable_cmdvel", "enable_cmd_vel"), ("extrinsics", "extrinsics.NAME")],
)  # fmt: skip
@pytest.mark.fault("P05")
def test_an_unknown_key_is_named_with_the_nearest(key: str, nearest: str) -> None:
    with pytest.raises(ConfigError, match=rf"unknown parameter '{key}' \(1\); did you mean '{nearest}'\?"):
        load(FusionConfig, {key: 1})


def test_a_key_of_another_node_is_accepted_because_one_file_serves_all() -> None:
    assert load(NavigatorConfig, {"bundle": "mine", "seed": 3, "extrinsics.lidar": [0.0]}) == NavigatorConfig()


def test_what_rclpy_owns_is_left_alone() -> None:
    values = {"use_sim_time": True, "qos_overrides./odom.subscription.depth": 5, "start_type_description_service": False}
    assert load(NavigatorConfig, values) == NavigatorConfig()


@pytest.mark.fault("P02")
def test_an_integer_is_accepted_where_a_float_is_wanted() -> None:
    config = load(NavigatorConfig, {"max_speed": 1})
    assert config.max_speed == 1.0
    assert isinstance(config.max_speed, float)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"max_speed": "fast"}, r"'max_speed' is 'fast' \(str\); it must be a number"),
        ({"max_speed": True}, r"'max_speed' is True \(bool\); it must be a number"),
        ({"max_speed": math.nan}, r"'max_speed' is nan; it must be in 0\.\.20 m/s"),
        ({"max_speed": math.inf}, "inf; it must be in"),
        ({"max_speed": -1}, r"-1\.0; it must be in 0\.\.20 m/s"),
        ({"rate_hz": 1000}, r"in 5\.\.200 Hz"),
        ({"enable_cmd_vel": "yes"}, r"'yes' \(str\); it must be true or false"),
        ({"base_frame": 7}, r"7 \(int\); it must be text \(quote it\)"),
    ],
)
@pytest.mark.fault("P04", "P08")
def test_a_value_that_is_no_such_thing_is_quoted(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(NavigatorConfig, values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"threads": 2.0}, "must be an integer"),
        ({"backend": "trt2"}, "'backend' is 'trt2'"),
        ({"backend": "egaer"}, "did you mean 'eager'"),
        ({"cameras": "front"}, r"'cameras' is 'front'; it must be a list, as in \['front'\]"),
        ({"cameras": [1]}, r"'cameras\[0\]' is 1"),
        ({"extrinsics.lidar": [0.0, 0.0, 0.5]}, r"'extrinsics\.lidar' has 3 values; it must have 7"),
        ({"extrinsics.lidar": [0, 0, math.nan, 0, 0, 0, 1]}, r"'extrinsics\.lidar\[2\]' is nan"),
        ({"time_offset_s.lidar": 99}, r"in -10\.\.10 s"),
    ],
)
@pytest.mark.fault("P08", "F08")
def test_a_bad_value_of_the_fusion_node_is_quoted(values: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load(FusionConfig, values)


@pytest.mark.fault("P03")
def test_an_empty_list_arrives_as_not_set_and_means_none() -> None:
    assert load(FusionConfig, {"radars": None, "cameras": []}).radars == ()


def test_an_empty_family_arrives_as_not_set_and_means_none() -> None:
    assert load(FusionConfig, {"extrinsics": None, "frame_id": None}) == FusionConfig()
    assert load(NavigatorConfig, {"extrinsics": None}) == NavigatorConfig()


def test_families_are_gathered_by_name_with_dots_inside() -> None:
    config = load(FusionConfig, {"extrinsics.front.left": [0, 0, 1, 0, 0, 0, 1], "time_offset_s.lidar": 1})
    assert config.extrinsics == {"front.left": (0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)}
    assert config.time_offset_s == {"lidar": 1.0}


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SimConfig().seed = 3  # type: ignore[misc]
