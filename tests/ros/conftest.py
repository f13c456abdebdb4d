# SPDX-License-Identifier: Apache-2.0
"""Real rclpy for tests: a domain of its own for each test, this machine only, and waiting for conditions."""

import gc
import itertools
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"  # read when a message package is imported

_numbers = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def _nothing_stays_in_shared_memory() -> Iterator[None]:
    """Tests kill processes, and those leave their shared memory: remove what this session's did."""
    from mm_nav.ros.segments import stale

    began_s = time.time()
    yield
    for file in stale():  # not what is young: another session's node may be about to lock it
        with suppress(OSError):
            if file.stat().st_mtime >= began_s:
                file.unlink()


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> int:
    """Environment of one test's ROS graph, for this process and its children."""
    number = (os.getpid() * 17 + next(_numbers)) % 100 + 1  # up to 101 the ports stay below the ephemeral ones
    monkeypatch.setenv("ROS_DOMAIN_ID", str(number))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    for name in ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE", "AMENT_PREFIX_PATH"):
        monkeypatch.delenv(name, raising=False)
    return number


class Graph:
    """This process's side of the graph: nodes that spin while somebody waits for something."""

    def __init__(self) -> None:
        import rclpy
        from rclpy.node import Node

        from mm_nav.ros.runner import event_loop

        self.executor = event_loop(rclpy.get_default_context())
        self.probe: Any = Node("probe")
        self.nodes: list[Any] = []
        self.executor.add_node(self.probe)

    def add(self, node: Any, start: bool = True) -> Any:
        """Spin a node of ours too."""
        self.nodes.append(node)
        self.executor.add_node(node)
        if start:
            node.start()
        return node

    def until(self, condition: Callable[[], object], what: str, patience_s: float = 60.0) -> None:
        """Spin until the condition holds; fail with ``what`` if it never does."""
        deadline_s = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < deadline_s, f"waited {patience_s:g} s in vain in domain {os.environ.get('ROS_DOMAIN_ID')}: {what}"
            self.executor.spin_once(timeout_sec=0.02)

    def spin(self, times: int = 3) -> bool:
        """Handle a few events, if there are any. True, so that a condition can begin with it; so are all that speak."""
        for _ in range(times):
            self.executor.spin_once(timeout_sec=0.005)
        return True

    def heard(self, type_name: str, topic: str, latched: bool = False) -> list[Any]:
        """What is published on a topic from now on."""
        from mm_nav.ros.managed import LATCHED_QOS, WORDS_QOS
        from mm_nav.ros.messages import message_class

        messages: list[Any] = []
        qos = LATCHED_QOS if latched else WORDS_QOS
        self.probe.create_subscription(message_class(type_name), topic, messages.append, qos)
        return messages

    def speaker(self, type_name: str, topic: str, listeners: int = 1) -> Callable[[Any], bool]:
        """Publish what ``wire`` encodes, once somebody listens."""
        from mm_nav.ros.managed import WORDS_QOS
        from mm_nav.ros.messages import message_class, to_message
        from mm_nav.wire import Encoded

        publisher = self.probe.create_publisher(message_class(type_name), topic, WORDS_QOS)
        if listeners:
            self.until(lambda: publisher.get_subscription_count() >= listeners, f"nobody listens to {topic}")

        def speak(said: Any) -> bool:
            publisher.publish(to_message(said) if isinstance(said, Encoded) else said)
            return True

        return speak

    def close(self) -> None:
        for node in self.nodes:
            node.close()
            self.executor.remove_node(node)
            node.destroy_node()
        self.executor.remove_node(self.probe)
        self.probe.destroy_node()
        self.executor.shutdown()


@pytest.fixture
def graph(domain: int) -> Iterator[Graph]:
    """A started rclpy with one probe node."""
    rclpy = pytest.importorskip("rclpy", reason="rclpy is not installed; pip install 'mm_nav[ros]'")
    from mm_nav.ros import transport

    saved = dict(os.environ)
    transport.prepare()
    rclpy.init(args=[])
    made = Graph()
    yield made
    made.close()
    made.nodes.clear()
    rclpy.try_shutdown()
    # A lifecycle node is a cycle that holds the participant: its threads, and 64 MiB of /dev/shm. Dead ones keep their numbers too,
    # and from the 33rd on nobody finds another on this machine.
    gc.collect()
    os.environ.clear()
    os.environ.update(saved)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A verified bundle around a network that says the same everywhere: what flows matters here, not what it knows."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed; pip install 'mm_nav[train]'")
    from mm_nav.engine.bundle import write_manifest
    from mm_nav.engine.text import open_text_encoder
    from tests.engine.networks import SPEC, constant_graph

    folder = tmp_path_factory.mktemp("bundles") / "constant"
    folder.mkdir()
    onnx.save(constant_graph(), folder / "model.onnx")
    write_manifest(folder, spec=SPEC, text_encoder=open_text_encoder().identity)
    return folder


def parameters(**values: Any) -> list[Any]:
    """Parameter overrides of a node in this process; ``__`` in a name stands for a dot."""
    from rclpy.parameter import Parameter

    return [Parameter(name.replace("__", "."), value=value) for name, value in values.items()]
