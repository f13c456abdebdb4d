# SPDX-License-Identifier: Apache-2.0
"""The robot around the nodes that ``endtoend`` measures: a process whose sensors speak, and one that notes what is answered.

Camera 30 Hz, LiDAR and radar 10 Hz, odometry 50 Hz; the camera is triggered by the LiDAR, so that every third picture has a scan's
stamp. A stamp is the time at which its first message begins to be made. ``robot.py sense|note SIDE SCENE``; orders come by stdin.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import scene
from benchmarks.process import obey

CAMERA_HZ, LIDAR_HZ, ODOM_HZ = 30, 10, 50
TICKS_HZ = 150  # divisible by all of them
TOPICS = {"camera/front/image": "sensor_msgs/msg/Image", "camera/front/camera_info": "sensor_msgs/msg/CameraInfo",
          "lidar/points": "sensor_msgs/msg/PointCloud2", "radar/points": "sensor_msgs/msg/PointCloud2",
          "odom": "nav_msgs/msg/Odometry", "command": "std_msgs/msg/String"}  # fmt: skip


def main(role: str, side: str, file: str) -> None:
    """One process."""
    if side == "ours":
        from mm_nav.ros import transport

        transport.prepare()
    import rclpy

    rclpy.init()
    node = rclpy.create_node(role)
    if role == "sense":
        senses = Senses(node, side, scene.load(Path(file)))
        obey(senses.burst)
    else:
        notes = Notes(node)
        obey(notes.burst)


class Senses:
    """Publishes the scene over and over; the driver's part is the same on both sides but for how a message is made."""

    def __init__(self, node: Any, side: str, instants: list[scene.Instant]) -> None:
        from mm_nav.ros.messages import message_class

        self.side, self.instants, self.at = side, instants, 0
        self.publishers = {topic: node.create_publisher(message_class(kind), topic, 10) for topic, kind in TOPICS.items()}

    def burst(self, seconds: float, order: str = "", scale: float = 1.0, wait: bool = True) -> dict[str, Any]:
        """Speak for so long, ``scale`` times as slowly; gives when each newest stamp was complete, and the stamps of scans."""
        from mm_nav import wire

        if wait:
            self.await_listeners()
        if order:
            self.say("command", wire.encode_string(order))
        sent: dict[str, int] = {}
        scans = []
        began = time.monotonic() + 0.02
        for tick in range(round(seconds * TICKS_HZ / scale)):
            time.sleep(max(0.0, began + tick * scale / TICKS_HZ - time.monotonic()))
            topics = self.due(tick)
            if not topics:
                continue
            stamp_ns = time.time_ns()
            for topic in topics:
                start_ns = time.time_ns()
                self.say(topic, self.encoded(topic, stamp_ns))
                sent[str(stamp_ns)] = start_ns
            if "lidar/points" in topics:
                scans.append(stamp_ns)
                self.at = (self.at + 1) % len(self.instants)
        return {"sent": sent, "scans": scans}

    def await_listeners(self) -> None:
        """Until somebody hears each sensor."""
        deadline_s = time.monotonic() + 60
        while any(p.get_subscription_count() == 0 for t, p in self.publishers.items() if t in ("camera/front/image", "lidar/points", "odom")):
            if time.monotonic() > deadline_s:
                raise TimeoutError("nobody listens to the sensors")
            time.sleep(0.05)

    def due(self, tick: int) -> list[str]:
        """Topics of one moment, small ones first, as drivers finish."""
        found = ["odom"] if tick % (TICKS_HZ // ODOM_HZ) == 0 else []
        scan = tick % (TICKS_HZ // LIDAR_HZ) == 0
        found += ["camera/front/camera_info", "radar/points", "lidar/points"] if scan else []
        return found + (["camera/front/image"] if tick % (TICKS_HZ // CAMERA_HZ) == 0 else [])

    def encoded(self, topic: str, stamp_ns: int) -> Any:
        """The message to be."""
        from mm_nav import wire

        now = self.instants[self.at].at(stamp_ns)
        if topic == "odom":
            return wire.encode_odometry(now.odometry)
        if topic == "camera/front/image":
            return wire.encode_image(now.image)
        if topic == "camera/front/camera_info":
            return wire.encode_camera_info(scene.MODEL, stamp_ns)
        return wire.encode_point_cloud(now.lidar if topic == "lidar/points" else now.radar, radar=topic == "radar/points")

    def say(self, topic: str, encoded: Any) -> None:
        """Publish; stock drivers in Python hand over bytes."""
        from mm_nav.ros.messages import build, to_message

        if self.side == "ours" or "data" not in encoded.fields or topic == "command":
            self.publishers[topic].publish(to_message(encoded))
            return
        rest = {k: v for k, v in encoded.fields.items() if k != "data"}
        message = build(encoded.type_name, rest)
        message.data = encoded.fields["data"].tobytes()
        self.publishers[topic].publish(message)


class Notes:
    """Hears cmd_vel, and what our fusion node says of each instant."""

    def __init__(self, node: Any) -> None:
        import rclpy

        from mm_nav.ros.messages import message_class
        from mm_nav.ros.runner import event_loop

        self.loop = event_loop(rclpy.get_default_context())
        self.loop.add_node(node)
        self.commands: list[list[Any]] = []
        self.traces: list[dict[str, Any]] = []
        self.plans: list[int] = []
        node.create_subscription(message_class("nav_msgs/msg/Path"), "plan", lambda _: self.plans.append(time.time_ns()), 10)
        node.create_subscription(message_class("geometry_msgs/msg/TwistStamped"), "cmd_vel", self.hear, 50)
        node.create_subscription(message_class("std_msgs/msg/String"), "trace", lambda m: self.traces.append(json.loads(m.data)), 50)

    def hear(self, message: Any) -> None:
        """One velocity: when it came, when it was made, of which instant."""
        stamp = message.header.stamp
        self.commands.append([time.time_ns(), stamp.sec * 10**9 + stamp.nanosec, message.header.frame_id, message.twist.linear.x])

    def burst(self, seconds: float, first_plan: bool = False) -> dict[str, Any]:
        """Listen for so long, or until there is a plan; gives what was heard."""
        for heard in (self.commands, self.traces, self.plans):
            heard.clear()
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s and not (first_plan and self.plans):
            self.loop.spin_once(timeout_sec=0.05)
        return {"commands": self.commands, "traces": self.traces, "plans": self.plans}


if __name__ == "__main__":
    main(*sys.argv[1:4])
