# SPDX-License-Identifier: Apache-2.0
"""The verbs of ``mm_nav``. Each is a room's ``main(config) -> int``; the room is imported only when its verb runs.

Options come from the annotated dataclass that ``main`` takes (tyro). Must not import anything heavy itself, so that
``mm_nav --help`` is instant and a verb without torch runs where torch is not installed.
"""

import difflib
import importlib
import logging
import os
import sys
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mm_nav.errors import DamagedBagError, MmNavError
from mm_nav.version import __version__


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a verb lives.

    Attributes:
        room: module that is imported when the verb runs.
        summary: one line for ``mm_nav --help``; a hidden verb has none.
        config: class of the room to parse, where ``function`` takes more than one.
        function: what to call, with the parsed config, or with the list of words if it takes ``argv``.
    """

    room: str
    summary: str
    config: str | None = None
    function: str = "main"


VERBS: dict[str, Verb] = {
    "demo": Verb("mm_nav.demo", "the whole system on this machine: simulated robot, real nodes, spoken goals"),
    "up": Verb("mm_nav.ros.up", "run one of our launch files, without a ROS install: up LAUNCH_XML [arg:=value …]"),
    "simulate": Verb("mm_nav.sim.rollout", "drive an expert through procedural worlds and record bags with ground truth"),
    "train": Verb("mm_nav.train.run", "bags to labels to training to a verified bundle; resumes where it stopped"),
    "export": Verb("mm_nav.train.variants", "a bundle's networks again from its weights, or in bf16, fp16 or int8, with what that costs"),
    "build-engine": Verb("mm_nav.engine.build", "build the engine for this machine ahead, so that the first start does not wait for it"),
    "replay": Verb("mm_nav.replay", "run the pipeline over a bag, without ROS, and write what it says as a bag"),
    "evaluate closed-loop": Verb("mm_nav.evaluate", "drive simulated scenarios and score them", "ClosedLoopConfig"),
    "evaluate suite": Verb("mm_nav.evaluate", "one bundle under many circumstances, and a peer, in one table", "SuiteConfig"),
    "evaluate ablation": Verb("mm_nav.evaluate.ablation", "train without each part of the network in turn, and drive the same worlds"),
    "evaluate open-loop": Verb("mm_nav.evaluate", "score a bundle against what a bag recorded", "OpenLoopConfig"),
    "evaluate heads": Verb("mm_nav.evaluate", "score every output of the network on bags, and explain what moved it", "HeadsConfig"),
    "evaluate commands": Verb("mm_nav.evaluate.naming", "score spoken commands: intents, or goals against a map's names"),
    "bench": Verb("mm_nav.bench", "timed rows against named peers, each checked to be equal first"),
    "inspect": Verb("mm_nav.bags.inspect", "what is in a bag or a bundle, and what mm_nav would use of it"),
    "doctor": Verb("mm_nav.doctor", "what is wrong with a recording, or with this machine and the nodes that run, and what to do"),
    "import kitti": Verb("mm_nav.convert", "a drive of KITTI raw as a recording, with mountings and ground truth", "KittiConfig"),
    "import nuscenes": Verb("mm_nav.convert", "scenes of nuScenes, sweeps and radars included, as recordings", "NuscenesConfig"),
    "import dgp": Verb("mm_nav.convert", "a scene of TRI's DGP or DDAD as a recording", "DgpConfig"),
    "play": Verb("mm_nav.ros.play", "publish a bag on real topics"),
    "init": Verb("mm_nav.doctor.init", "parameters, mountings and a launch file for your robot, from a recording of it"),
    "record": Verb("mm_nav.ros.record", "record topics as a bag, where there is no `ros2 bag`"),
    "node": Verb("mm_nav.ros.node", "", function="run"),
}

REMEDIES = {  # a library that is not there -> what to type
    **dict.fromkeys(
        ("rclpy", "std_msgs", "sensor_msgs", "geometry_msgs", "nav_msgs", "diagnostic_msgs", "visualization_msgs",
         "std_srvs", "lifecycle_msgs", "rosgraph_msgs"),
        "source a ROS 2 install (`. /opt/ros/<distro>/setup.sh`), or `pip install 'mm_nav[ros]'`",
    ),
    **dict.fromkeys(("open3d",), "`pip install 'mm_nav[sim]'`, and Debian's libusb-1.0-0"),
    **dict.fromkeys(("torch", "lightning", "onnx", "onnxscript", "safetensors", "sklearn", "tensorboard", "optuna"), "`pip install 'mm_nav[train]'`"),
    **dict.fromkeys(("openvino",), "`pip install 'mm_nav[openvino]'`"),
    **dict.fromkeys(("tensorrt", "cuda"), "`pip install 'mm_nav[trt]'`, or NVIDIA's JetPack on a Jetson"),
    **dict.fromkeys(("matplotlib", "PIL", "rerun"), "`pip install 'mm_nav[viz]'`"),
}  # fmt: skip

USAGE_ERROR = 2
DAMAGED = 3
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit status: 0 done, 1 it ran and found fault, 2 it could not, 3 damaged data, 130 Ctrl-C."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in {"-h", "--help", "help"}:
        print(overview())
        return 0 if words else USAGE_ERROR
    if words[0] == "--version":
        print(f"mm_nav {__version__}")
        return 0
    name, rest = split_verb(words)
    if name is None:
        return fail(f"unknown verb {' '.join(words[:1])!r}{nearest(words)}; `mm_nav --help` lists them")
    if name not in VERBS:
        print(overview(name))
        return 0 if rest and rest[0] in {"-h", "--help"} else USAGE_ERROR
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    logging.getLogger("mm_nav").setLevel(logging.INFO)
    try:
        return call(name, VERBS[name], rest)
    except DamagedBagError as error:
        return fail(str(error), DAMAGED)
    except MmNavError as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package not in REMEDIES and "libusb" not in str(error):
            raise
        return fail(f"`mm_nav {name}` needs {package or 'a library'}: {error}; {REMEDIES.get(package, REMEDIES['open3d'])}")


def split_verb(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The longest verb that the words begin with, and what follows; None if there is none.

    The first word of verbs of two words ("evaluate") comes back by itself if no second one fits.
    """
    pair = " ".join(words[:2])
    if pair in VERBS:
        return pair, list(words[2:])
    known = {verb.partition(" ")[0] for verb in VERBS}
    return (words[0] if words[0] in known else None), list(words[1:])


def call(name: str, verb: Verb, words: list[str]) -> int:
    """Import the verb's room, parse its options and run it.

    Raises:
        ConfigError: the environment is one in which librcl ends the process as soon as it is loaded.
    """
    if verb.room.startswith("mm_nav.ros.") or name == "demo":
        importlib.import_module("mm_nav.ros.transport").check(os.environ)
    room = importlib.import_module(verb.room)
    function: Callable[..., int] = getattr(room, verb.function)
    hints = typing.get_type_hints(function)
    parameter = next((p for p in hints if p != "return"), None)
    if parameter is None or parameter == "argv":
        return int(function(words) or 0)
    import tyro

    config_type = getattr(room, verb.config) if verb.config else hints[parameter]
    config = tyro.cli(config_type, args=words, prog=f"mm_nav {name}", description=verb.summary)
    return int(function(config) or 0)


def overview(group: str | None = None) -> str:
    """What ``mm_nav --help`` prints; with a group ("evaluate"), only the verbs of it."""
    shown = {n: v for n, v in VERBS.items() if v.summary and (group is None or n.startswith(f"{group} "))}
    width = max(map(len, shown))
    rows = [f"  {name:<{width}}  {verb.summary}" for name, verb in shown.items()]
    start = f"usage: mm_nav {group or 'VERB'} …" if group else "usage: mm_nav VERB [options]    (mm_nav VERB --help: its options)"
    return "\n".join([start, "", *rows])


def nearest(words: Sequence[str]) -> str:
    """'; did you mean …' for a misspelt verb, or nothing."""
    found = difflib.get_close_matches(words[0], [n for n, v in VERBS.items() if v.summary], n=1)
    return f", did you mean {found[0]!r}" if found else ""


def fail(text: str, status: int = USAGE_ERROR) -> int:
    """One line on stderr, and the exit status for it."""
    print(f"mm_nav: error: {' '.join(text.split())}", file=sys.stderr)
    return status
