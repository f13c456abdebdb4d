# SPDX-License-Identifier: Apache-2.0
"""Processes of a benchmark, steered by lines of JSON: a parent gives orders, a child obeys until its stdin ends."""

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

from mm_nav.bench import SkippedError

ROOT = Path(__file__).parents[1]
OWN_VARIABLES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_BUILTIN_TRANSPORTS", "ROS_PYTHON_CHECK_FIELDS")


def environment(domain: int, **more: str) -> dict[str, str]:
    """This process's environment in a ROS domain of its own, with nothing that tunes the middleware but ``more``."""
    made = {k: v for k, v in os.environ.items() if k not in OWN_VARIABLES}
    made |= {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET",  # LOCALHOST would replace chosen transports
             "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}  # fmt: skip
    made.setdefault("AMENT_PREFIX_PATH", sys.prefix)
    return made | more


def require_ros() -> str:
    """Version of rclpy.

    Raises:
        SkippedError: it is not here.
    """
    try:
        import rclpy  # noqa: F401
        import sensor_msgs.msg  # noqa: F401
    except ImportError as error:
        raise SkippedError(f"{error.name} is not installed; source a ROS 2 install or pip install 'mm_nav[ros]'") from error
    try:
        return importlib.metadata.version("ros-rclpy")
    except importlib.metadata.PackageNotFoundError:
        return "of the ROS install"


class Child:
    """A process that answers every order with one line."""

    def __init__(self, words: Sequence[str], env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen([sys.executable, *words], env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, **order: Any) -> None:
        """Give an order."""
        stdin = cast(TextIO, self._process.stdin)
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next line of JSON that it says.

        Raises:
            SkippedError: it died, or says that it cannot.
        """
        line = cast(TextIO, self._process.stdout).readline()
        if not line:
            raise SkippedError("a process of the benchmark died; its error is above")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise SkippedError(answer["error"])
        return answer

    def cpu_s(self) -> float:
        """Seconds of CPU that it has used."""
        ticks = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End one that takes no orders."""
        self._process.send_signal(signal.SIGTERM)
        self.close()

    def kill(self) -> None:
        """End one in the middle of an order."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def obey(orders: Callable[..., dict[str, Any]]) -> None:
    """In a child: say that it is ready, then answer orders until stdin ends."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(orders(**json.loads(line))), flush=True)
