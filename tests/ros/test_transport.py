# SPDX-License-Identifier: Apache-2.0
"""What a process gets before rclpy starts, and that it makes large messages arrive between processes."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mm_nav.errors import ConfigError
from mm_nav.ros import transport

if TYPE_CHECKING:
    from tests.ros.conftest import Graph

SPACE = {"d": "http://www.eprosima.com"}


def test_a_fresh_environment_gets_the_profile_and_the_prefix_path() -> None:
    environment: dict[str, str] = {}
    transport.prepare(environment)
    assert Path(environment["FASTDDS_DEFAULT_PROFILES_FILE"]).name in {"fastdds.xml", "fastdds_small.xml"}
    assert environment["AMENT_PREFIX_PATH"] == sys.prefix
    assert "FASTRTPS_DEFAULT_PROFILES_FILE" not in environment  # deprecated since Kilted, and warned about
    assert "ROS_AUTOMATIC_DISCOVERY_RANGE" not in environment


def test_distributions_with_fast_dds_2_get_the_older_variable() -> None:
    environment = {"ROS_DISTRO": "jazzy"}
    transport.prepare(environment)
    assert "FASTRTPS_DEFAULT_PROFILES_FILE" in environment
    assert "FASTDDS_DEFAULT_PROFILES_FILE" not in environment


@pytest.mark.parametrize(
    "own",
    [
        {"FASTDDS_DEFAULT_PROFILES_FILE": "/mine.xml"},
        {"FASTRTPS_DEFAULT_PROFILES_FILE": "/mine.xml"},
        {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"},
    ],
)
def test_a_users_own_choice_stays(own: dict[str, str]) -> None:
    environment = {**own, "AMENT_PREFIX_PATH": "/opt/ros/x"}
    before = dict(environment)
    transport.prepare(environment)
    assert environment == before


@pytest.mark.fault("Q10")
def test_a_small_shared_memory_gets_small_segments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def usage(free: int) -> object:
        return lambda _path: type("Usage", (), {"free": free})()

    monkeypatch.setattr("mm_nav.ros.transport.shutil.disk_usage", usage(64 << 20))
    small = transport.fastdds_profile({}, tmp_path)
    monkeypatch.setattr("mm_nav.ros.transport.shutil.disk_usage", usage(8 << 30))
    large = transport.fastdds_profile({}, tmp_path)
    assert small is not None
    assert large is not None
    assert (small.name, large.name) == ("fastdds_small.xml", "fastdds.xml")
    assert transport.fastdds_profile({}, tmp_path / "absent") is None


@pytest.mark.parametrize("name", ["fastdds.xml", "fastdds_small.xml"])
def test_a_profile_never_allows_messages_above_its_segment_and_replaces_the_stock_transports(name: str) -> None:
    root = ET.parse(transport.share_dir() / "launch" / name).getroot()  # noqa: S314 - our own file

    def text(path: str) -> str:
        found = root.find(path, SPACE)
        assert found is not None, path
        return str(found.text)

    assert int(text(".//d:maxMessageSize")) <= int(text(".//d:segment_size"))
    assert text(".//d:useBuiltinTransports") == "false"
    assert [e.text for e in root.findall(".//d:transport_descriptor/d:type", SPACE)] == ["SHM", "UDPv4"]


def test_the_allocator_of_glibc_takes_the_tuning() -> None:
    import platform

    assert transport.tune_malloc() is (platform.libc_ver()[0] == "glibc")


def test_an_install_without_its_data_files_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mm_nav.ros.transport.share.roots", lambda: ())
    with pytest.raises(ConfigError, match="install with pip or colcon"):
        transport.share_dir()


SENDER = """
import sys, time
from mm_nav.ros import transport
transport.prepare()
import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from mm_nav.ros.messages import build, message_class
rclpy.init(args=[])
node = rclpy.create_node("sender")
kind = "sensor_msgs/msg/Image"
qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
publisher = node.create_publisher(message_class(kind), "picture", qos)
message = build(kind, {"data": bytes([7]) * int(sys.argv[1])})
while rclpy.ok():
    publisher.publish(message)
    time.sleep(0.05)
"""


@pytest.mark.fault("Q05")
def test_best_effort_pictures_of_six_megabytes_arrive_from_another_process(graph: "Graph") -> None:
    from mm_nav.ros.managed import INPUT_QOS
    from mm_nav.ros.messages import message_class

    got: list[int] = []
    graph.probe.create_subscription(
        message_class("sensor_msgs/msg/Image"), "picture", lambda m: got.append(len(m.data)), INPUT_QOS
    )
    sender = subprocess.Popen([sys.executable, "-c", SENDER, "6220800"], env=dict(os.environ))
    try:
        graph.until(lambda: len(got) >= 5, "pictures of another process")
    finally:
        sender.terminate()
        sender.wait()
    assert set(got) == {6_220_800}


def index(prefix: Path, *names: str) -> str:
    """A prefix in which middlewares have left their names."""
    folder = prefix / "share" / "ament_index" / "resource_index" / "rmw_typesupport"
    folder.mkdir(parents=True)
    for name in ("rmw_implementation", *names):
        (folder / name).touch()
    return str(prefix)


@pytest.mark.fault("Q12")
def test_a_middleware_that_is_not_installed_is_refused_with_those_that_are(tmp_path: Path) -> None:
    paths = ":".join((index(tmp_path / "a", "rmw_fastrtps_cpp"), index(tmp_path / "b", "rmw_cyclonedds_cpp")))
    for name in ("", "rmw_fastrtps_cpp", "rmw_cyclonedds_cpp"):
        transport.check({"AMENT_PREFIX_PATH": paths, "RMW_IMPLEMENTATION": name})
    with pytest.raises(ConfigError) as caught:
        transport.check({"AMENT_PREFIX_PATH": paths, "RMW_IMPLEMENTATION": "rmw_zenoh_cpp", "ROS_DISTRO": "kilted"})
    assert str(caught.value) == (
        "RMW_IMPLEMENTATION is 'rmw_zenoh_cpp', and installed are rmw_cyclonedds_cpp, rmw_fastrtps_cpp; "
        "unset it, or install ros-kilted-rmw-zenoh-cpp"
    )


@pytest.mark.fault("C02")
def test_security_that_is_enforced_without_keys_is_refused_before_rcl_does() -> None:
    enforced = {"ROS_SECURITY_ENABLE": "true", "ROS_SECURITY_STRATEGY": "Enforce"}
    with pytest.raises(ConfigError, match="ROS_SECURITY_KEYSTORE is not set; set it to a keystore"):
        transport.check(enforced)
    transport.check({**enforced, "ROS_SECURITY_KEYSTORE": "/keys"})
    transport.check({**enforced, "ROS_SECURITY_ENABLE": "false"})


@pytest.mark.fault("C02")
def test_keys_that_the_middleware_cannot_use_keep_the_node_from_starting(domain: int, tmp_path: Path) -> None:
    pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")
    (tmp_path / "enclaves").mkdir()
    for name in ("identity_ca.cert.pem", "cert.pem", "key.pem", "permissions_ca.cert.pem", "governance.p7s", "permissions.p7s"):
        (tmp_path / "enclaves" / name).write_text("no key")
    secure = {"ROS_SECURITY_ENABLE": "true", "ROS_SECURITY_STRATEGY": "Enforce", "ROS_SECURITY_KEYSTORE": str(tmp_path)}
    words = [sys.executable, "-m", "mm_nav", "node", "navigator_node"]
    done = subprocess.run(words, env={**os.environ, **secure}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "PyPI's Fast DDS cannot do security at all" in done.stderr
    assert "Traceback" not in done.stderr


def test_where_no_middleware_has_left_its_name_nothing_is_refused(tmp_path: Path) -> None:
    transport.check({"AMENT_PREFIX_PATH": str(tmp_path), "RMW_IMPLEMENTATION": "rmw_zenoh_cpp"})


@pytest.mark.parametrize("words", [("node", "fusion_node"), ("up", "robot"), ("play", "bag"), ("record", "--out", "x"), ("demo",)])
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [("RMW_IMPLEMENTATION", "rmw_nope", "RMW_IMPLEMENTATION is 'rmw_nope', and installed are"), ("ROS_DOMAIN_ID", "300", "ROS_DOMAIN_ID is '300'")],
)
def test_every_verb_that_speaks_ros_refuses_with_one_line(words: tuple[str, ...], variable: str, value: str, said: str) -> None:
    pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")
    done = subprocess.run(
        [sys.executable, "-m", "mm_nav", *words], env={**os.environ, variable: value}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_a_verb_that_speaks_no_ros_does_not_mind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mm_nav.cli import main

    monkeypatch.setenv("ROS_DOMAIN_ID", "300")
    assert main(["inspect", str(tmp_path / "none")]) == 2
    assert "ROS_DOMAIN_ID" not in capsys.readouterr().err
