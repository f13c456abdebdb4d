# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with a sensor, done to its messages: PX4's words, and a few of the wire. Knows neither rclpy nor nodes.

A fault takes each message of one topic and gives what is to be said instead: seconds to wait, and a message or raw bytes.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from mm_nav.core.geometry import se2, transform
from mm_nav.errors import ConfigError
from mm_nav.ros.messages import to_message
from mm_nav.wire import decode_image, decode_point_cloud, encode_image, encode_point_cloud

Said = list[tuple[float, Any]]
Fault = Callable[[Any, float], Said]  # message and monotonic seconds

SLOW_S = 1.0  # between messages
DELAY_S = 0.5
KEPT_SHARE = 0.5  # of an intermittent sensor's messages
TIMES = 10  # how many a fast sensor says for one
MISAIMED_RAD = float(np.deg2rad(10.0))
FARTHER = 2.0  # wrong odometry goes so much farther than the wheels
NOISE_BYTES = 64
CDR_LITTLE_ENDIAN = b"\x00\x01\x00\x00"

TIMING = ("off", "slow", "delayed", "intermittent")  # work on anything, a clock or a calibration too
WIRE = ("blank", "noise")
CONTENT = ("stuck", "garbage", "wrong", "fast")
PAIRS = {  # what can happen to a source of a kind
    "camera": (*TIMING, *WIRE, *CONTENT),
    "lidar": (*TIMING, *WIRE, *CONTENT, "nan"),
    "radar": (*TIMING, *WIRE, *CONTENT, "nan"),
    "odometry": (*TIMING, *WIRE, *CONTENT, "nan"),
    "clock": TIMING,
}


def offered(kinds: Mapping[str, str]) -> dict[str, list[str]]:
    """What can be ordered of each source, given their kinds by name."""
    return {name: ["ok", *PAIRS[kind]] for name, kind in kinds.items() if kind in PAIRS}


def make(kind: str, word: str, rng: np.random.Generator) -> Fault:
    """The fault of a word, for one topic of a source of that kind.

    Args:
        kind: camera, lidar, radar, odometry or clock.
        word: off, stuck, garbage, wrong, slow, delayed, intermittent (PX4's); fast (ten times the rate), nan (every number
            is none), blank (samples of no byte), noise (samples that are no message).
        rng: for what is random.

    Raises:
        ConfigError: this cannot happen to such a source.
    """
    if kind not in PAIRS or word not in PAIRS[kind]:
        known = ", ".join(("ok", *PAIRS.get(kind, ())))
        raise ConfigError(f"{word[:40]!r} cannot happen to a source of kind {kind!r}; what can is {known}")
    makers: dict[str, Callable[[], Fault]] = {
        "off": lambda: _off, "slow": _Slow, "delayed": lambda: _delayed, "intermittent": lambda: _intermittent(rng), "stuck": _Stuck,
        "garbage": lambda: _garbage(rng), "nan": lambda: _nan, "wrong": lambda: _Wrong(kind), "fast": lambda: _Fast(rng),
        "blank": lambda: _blank, "noise": lambda: _noise(rng),
    }  # fmt: skip
    return makers[word]()


def _off(_message: Any, _now_s: float) -> Said:
    return []


def _delayed(message: Any, _now_s: float) -> Said:
    return [(DELAY_S, message)]


def _blank(_message: Any, _now_s: float) -> Said:
    return [(0.0, b"")]


def _noise(rng: np.random.Generator) -> Fault:
    return lambda _message, _now_s: [(0.0, CDR_LITTLE_ENDIAN + rng.bytes(NOISE_BYTES))]


def _intermittent(rng: np.random.Generator) -> Fault:
    return lambda message, _now_s: [(0.0, message)] if rng.random() < KEPT_SHARE else []


class _Slow:
    """One message a second."""

    def __init__(self) -> None:
        self._last_s = -float("inf")

    def __call__(self, message: Any, now_s: float) -> Said:
        if now_s - self._last_s < SLOW_S:
            return []
        self._last_s = now_s
        return [(0.0, message)]


class _Stuck:
    """The first message for ever, with new stamps."""

    def __init__(self) -> None:
        self._first: Any = None

    def __call__(self, message: Any, _now_s: float) -> Said:
        self._first = self._first or message
        self._first.header = message.header
        return [(0.0, self._first)]


class _Fast:
    """Ten for one, each a little different and a little later, as of a sensor with noise and ten times the rate."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng, self._last_s, self._period_s = rng, -float("inf"), 0.0

    def __call__(self, message: Any, now_s: float) -> Said:
        gap_s, self._last_s = now_s - self._last_s, now_s
        if gap_s < 1.0:
            self._period_s = gap_s
        said: Said = [(0.0, message)]
        for k in range(1, TIMES if self._period_s else 1):
            later_s = self._period_s * k / TIMES
            copied = copy.deepcopy(message)
            stamp_ns = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec + round(later_s * 1e9)
            copied.header.stamp.sec, copied.header.stamp.nanosec = divmod(stamp_ns, 10**9)
            if len(getattr(copied, "data", ())):
                copied.data[int(self._rng.integers(len(copied.data) // 16)) * 16] ^= 1  # the last bit of one number
            said.append((later_s, copied))
        return said


def _garbage(rng: np.random.Generator) -> Fault:
    """Random bytes of the right size."""

    def spoil(message: Any, _now_s: float) -> Said:
        if hasattr(message, "data"):
            message.data[:] = type(message.data)(message.data.typecode, rng.bytes(len(message.data)))
        else:
            position, q = message.pose.pose.position, message.pose.pose.orientation
            position.x, position.y, q.x, q.y, q.z, q.w = np.frombuffer(rng.bytes(48), np.float64).tolist()
        return [(0.0, message)]

    return spoil


def _nan(message: Any, _now_s: float) -> Said:
    if hasattr(message, "data"):
        message.data[:] = type(message.data)(message.data.typecode, b"\xff" * len(message.data))
    else:
        message.pose.pose.position.x = message.twist.twist.linear.x = float("nan")
    return [(0.0, message)]


class _Wrong:
    """What looks right and is not: a mirrored picture, a cloud that is 10 degrees mis-aimed, odometry of other wheels."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._from: tuple[float, float] | None = None

    def __call__(self, message: Any, _now_s: float) -> Said:
        if self._kind == "camera":
            image = decode_image(message)
            return [(0.0, to_message(encode_image(replace(image, rgb=np.ascontiguousarray(image.rgb[:, ::-1])))))]
        if self._kind == "odometry":
            position, speed = message.pose.pose.position, message.twist.twist.linear
            self._from = self._from or (position.x, position.y)
            position.x, position.y = (at + (FARTHER - 1.0) * (at - began) for at, began in zip((position.x, position.y), self._from, strict=True))
            speed.x *= FARTHER
            return [(0.0, message)]
        cloud = decode_point_cloud(message)
        turned = transform(se2(0.0, 0.0, MISAIMED_RAD), cloud.xyz.astype(np.float64)).astype(np.float32)
        return [(0.0, to_message(encode_point_cloud(replace(cloud, xyz=turned), radar=self._kind == "radar")))]


class Faults:
    """Which source has which fault now. One thread at a time.

    Args:
        kinds: of each source, by name.
        seed: of what is random.
    """

    def __init__(self, kinds: dict[str, str], seed: int = 0) -> None:
        self._kinds, self._rng = kinds, np.random.default_rng(seed)
        self._words: dict[str, str] = {}
        self._active: dict[tuple[str, str], Fault] = {}

    def order(self, text: str) -> str:
        """``lidar stuck``, ``camera/front ok``, ``all off``; ``all`` are the sensors, not the clock. Returns what there is now.

        Raises:
            ConfigError: no such source, or it cannot happen to it; nothing is changed.
        """
        name, _, word = text.strip().rpartition(" ")
        names = [n for n, kind in self._kinds.items() if kind != "clock"] if name == "all" else [name.strip()]
        for one in names:
            if one not in self._kinds:
                raise ConfigError(f"{text[:60]!r} names no source; say for example 'lidar stuck' or 'all ok' (sources: {', '.join(self._kinds)})")
            if word != "ok":
                make(self._kinds[one], word, self._rng)
        for one in names:
            self._words.pop(one, None)
            self._active = {key: fault for key, fault in self._active.items() if key[0] != one}
            if word != "ok":
                self._words[one] = word
        return "; ".join(f"{one} {told}" for one, told in self._words.items()) or "all ok"

    def of(self, source: str, topic: str) -> Fault | None:
        """What is done to a topic of a source now; None lets its messages pass. A calibration is only late or absent."""
        word = self._words.get(source)
        if word is None or (topic.endswith("_info") and word not in TIMING):
            return None
        key = source, topic
        if key not in self._active:
            self._active[key] = make(self._kinds[source], word, self._rng)
        return self._active[key]
