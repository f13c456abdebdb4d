# SPDX-License-Identifier: Apache-2.0
"""The RViz and Foxglove views show what our nodes say, and nothing that nobody says: their topics are asked of live nodes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mm_nav.ros.transport import share_dir
from tests.ros.conftest import Graph, parameters
from tests.ros.robot import EXTRINSICS

MACHINERY = ("/parameter_events", "/rosout", "/clock")
RVIZ_TYPES = {  # display -> what it draws
    "Map": "nav_msgs/msg/OccupancyGrid", "MarkerArray": "visualization_msgs/msg/MarkerArray", "Path": "nav_msgs/msg/Path",
    "Pose": "geometry_msgs/msg/PoseStamped", "PointCloud2": "sensor_msgs/msg/PointCloud2", "Image": "sensor_msgs/msg/Image",
    "Odometry": "nav_msgs/msg/Odometry", "TwistStamped": "geometry_msgs/msg/TwistStamped",
}  # fmt: skip
SCENE_TYPES = set(RVIZ_TYPES.values()) - {"sensor_msgs/msg/Image", "geometry_msgs/msg/TwistStamped"}
WORDS = {"/command_status", "/fusion_status", "/diagnostics"}  # RViz shows no texts
OPTIONAL = {"/detections"}  # the same as objects, where vision_msgs is


@pytest.fixture
def topics(graph: Graph, bundle: Path) -> tuple[dict[str, str], dict[str, str]]:
    """What the running nodes read and write: topic -> type."""
    from mm_nav.ros.fusion_node import FusionNode
    from mm_nav.ros.navigator_node import NavigatorNode

    read: dict[str, str] = {}
    written: dict[str, str] = {}
    nodes = (
        graph.add(FusionNode(parameter_overrides=parameters(bundle=str(bundle), **EXTRINSICS))),
        graph.add(NavigatorNode(parameter_overrides=parameters(enable_cmd_vel=True))),
    )
    for node in nodes:
        for found, ask in ((read, graph.probe.get_subscriber_names_and_types_by_node), (written, graph.probe.get_publisher_names_and_types_by_node)):
            graph.until(lambda ask=ask, node=node: len(ask(node.get_name(), "/")) > 3, "the node in the graph")
            found |= {name: types[0] for name, types in ask(node.get_name(), "/") if name not in MACHINERY and "transition_event" not in name}
    assert {"/lidar/points", "/odom", "/command"} <= set(read)
    assert {"/occupancy", "/plan", "/cmd_vel", "/diagnostics"} <= set(written)
    return read, written


def rviz() -> Iterator[tuple[str, str]]:
    """Topic and type of each display."""
    content = yaml.safe_load((share_dir() / "launch" / "mm_nav.rviz").read_text(encoding="utf-8"))
    for display in content["Visualization Manager"]["Displays"]:
        if "Topic" in display:
            yield f"/{display['Topic']['Value']}", RVIZ_TYPES[display["Class"].removeprefix("rviz_default_plugins/")]


def foxglove() -> dict[str, Any]:
    """Panels by their id."""
    content: dict[str, Any] = json.loads((share_dir() / "launch" / "foxglove.json").read_text(encoding="utf-8"))
    return content


def panels() -> Iterator[tuple[str, str, Any]]:
    """Kind of panel, topic (or a path into its messages), and what the panel says of it."""
    for name, panel in foxglove()["configById"].items():
        kind = name.partition("!")[0]
        if kind == "3D":
            yield from ((kind, topic, settings) for topic, settings in panel["topics"].items())
        elif kind == "Image":
            yield kind, panel["imageMode"]["imageTopic"], panel
            yield "Calibration", panel["imageMode"]["calibrationTopic"], panel
        elif kind == "Plot":
            yield from ((kind, path["value"], path) for path in panel["paths"])
        else:
            yield kind, panel[{"Publish": "topicName", "RawMessages": "topicPath"}.get(kind, "topicToRender")], panel


def test_rviz_shows_every_output_and_the_sensors_with_their_types(topics: tuple[dict[str, str], dict[str, str]]) -> None:
    read, written = topics
    shown = dict(rviz())
    for topic, type_name in shown.items():
        assert (read | written).get(topic) == type_name, topic
    assert set(written) - WORDS - OPTIONAL <= set(shown)
    inputs = {t for t, kind in read.items() if kind in SCENE_TYPES or kind.endswith("/Image")}
    assert inputs <= set(shown)


def test_rviz_names_are_relative_so_that_its_namespace_counts() -> None:
    content = yaml.safe_load((share_dir() / "launch" / "mm_nav.rviz").read_text(encoding="utf-8"))
    for display in content["Visualization Manager"]["Displays"]:
        assert not str(display.get("Topic", {}).get("Value", "")).startswith("/")


def test_foxglove_shows_every_output_and_the_sensors(topics: tuple[dict[str, str], dict[str, str]]) -> None:
    from mm_nav.ros.messages import message_class

    read, written = topics
    known = read | written
    shown = set()
    for kind, path, panel in panels():
        topic, *fields = path.split(".")
        assert topic in known, path
        type_name = known[topic]
        if kind == "3D":
            assert panel["visible"], topic
            assert type_name in SCENE_TYPES, topic
        elif kind == "Publish":
            assert topic in read
            assert panel["datatype"] == type_name
            assert set(json.loads(panel["value"])) == set(message_class(type_name).get_fields_and_field_types())
        elif kind in ("Image", "Calibration"):
            assert type_name == {"Image": "sensor_msgs/msg/Image", "Calibration": "sensor_msgs/msg/CameraInfo"}[kind]
        elif kind.startswith("Diagnostic"):
            assert type_name == "diagnostic_msgs/msg/DiagnosticArray"
        else:
            message = message_class(type_name)()
            for field in fields:
                message = getattr(message, field)
            assert kind == "RawMessages" or isinstance(message, float), path
        shown.add(topic)
    assert set(written) - OPTIONAL <= shown
    assert set(read) - {"/tf", "/tf_static"} <= shown


def test_a_colour_of_points_names_a_field_without_which_foxglove_chooses_colours_itself() -> None:
    clouds = {t: settings for kind, t, settings in panels() if kind == "3D" and "pointSize" in settings}
    assert clouds
    assert all(settings.get("colorField") for settings in clouds.values())


def test_every_foxglove_panel_has_its_place() -> None:
    content = foxglove()

    def places(layout: Any) -> Iterator[str]:
        if isinstance(layout, str):
            yield layout
        else:
            assert layout["direction"] in ("row", "column")
            yield from places(layout["first"])
            yield from places(layout["second"])

    assert sorted(places(content["layout"])) == sorted(content["configById"])


def test_the_panels_that_are_promised_are_there() -> None:
    kinds = {name.partition("!")[0] for name in foxglove()["configById"]}
    assert {"3D", "Image", "Publish", "DiagnosticSummary", "DiagnosticStatusPanel"} <= kinds
