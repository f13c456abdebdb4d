# SPDX-License-Identifier: Apache-2.0
"""Every kind of sensor that parameters name becomes topics of the right type, and what reads them."""

import numpy as np
import pytest

from mm_nav.core.types import PointCloud
from mm_nav.ros.inputs import inputs_of, mounting_sources, own_decoders
from mm_nav.ros.params import FusionConfig
from tests.wire.conftest import as_message
from tests.wire.test_depth import INFO, plain

EVERYTHING = FusionConfig(cameras=tuple(f"c{i}" for i in range(8)), compressed=False, rectified=True, lidars=("/top/points", "side"), scans=("scan",),
                          multi_echo_scans=("echo",), radars=("radar/points",), radar_scans=("front/scan",), radar_tracks=("front/tracks",),
                          radar_images=("radar/polar/compressed", "radar/raw"), depths=("eye",))  # fmt: skip


def test_each_sensor_is_heard_on_its_topic_with_its_type() -> None:
    found = {i.topic: (i.type_name.rsplit("/", 1)[-1], i.kind, i.source) for i in inputs_of(EVERYTHING)}
    assert found["camera/c7/image"] == ("Image", "camera", "camera/c7")
    assert found["/top/points"] == ("PointCloud2", "lidar", "top")
    assert found["echo"] == ("MultiEchoLaserScan", "lidar", "echo")
    assert found["front/scan"] == ("RadarScan", "radar", "front/scan")
    assert found["front/tracks"] == ("RadarTracks", "radar", "front/tracks")
    assert found["radar/polar/compressed"] == ("CompressedImage", "radar", "radar/polar")
    assert found["radar/raw"] == ("Image", "radar", "radar/raw")
    assert found["depth/eye/image"] == ("Image", "lidar", "depth/eye")
    assert found["depth/eye/camera_info"] == ("CameraInfo", "depth_info", "depth/eye")
    assert len({i.source for i in inputs_of(EVERYTHING)}) == len(found) - 8 - 1  # a camera and its camera_info are one source


def test_pictures_that_are_no_cameras_have_their_own_decoders() -> None:
    own = own_decoders(EVERYTHING, inputs_of(EVERYTHING), {})
    assert {"radar/polar/compressed", "radar/raw", "depth/eye/image", "depth/eye/camera_info", "camera/c0/camera_info"} <= own.keys()
    assert "camera/c0/image" not in own
    own["depth/eye/camera_info"](as_message(INFO))
    cloud = own["depth/eye/image"](plain("16UC1", big=False, pad=0))
    assert isinstance(cloud, PointCloud)
    assert len(cloud.xyz) > 40


def test_rectified_pictures_use_p_only_where_that_is_said() -> None:
    message = as_message({**INFO, "p": np.array([4.0, 0, 3, 0, 0, 4, 2, 0, 0, 0, 1, 0])})
    assert own_decoders(EVERYTHING, inputs_of(EVERYTHING), {})["camera/c0/camera_info"](message).K[0, 0] == 4.0  # type: ignore[union-attr]
    plain_cameras = FusionConfig(cameras=("c0",))
    assert "camera/c0/camera_info" not in own_decoders(plain_cameras, inputs_of(plain_cameras), {})


@pytest.mark.parametrize(("hears", "end"), [(True, "others from /tf and /tf_static"), (False, "/tf is not heard (tf2_msgs is not installed)")])
@pytest.mark.fault("F09")
def test_where_mountings_come_from_is_said(hears: bool, end: str) -> None:
    config = FusionConfig(extrinsics={"lidar": (0.0,) * 6 + (1.0,)}, calibration="rig.yaml")
    assert mounting_sources(config, ["base_link", "lidar", "cam", "radar"], hears) == f"1 from parameters, 2 from rig.yaml, {end}"
