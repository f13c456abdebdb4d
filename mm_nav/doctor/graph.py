# SPDX-License-Identifier: Apache-2.0
"""Checks of the running graph: nodes and their states, inputs, outputs, clock, parameters, mountings, the model in use.

Judges what ``ros/survey.py`` saw; imports it only when it looks, for rclpy may not be installed.
"""

import importlib.util
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mm_nav.doctor.finding import Finding, Level
from mm_nav.doctor.origin import origins
from mm_nav.errors import MmNavError
from mm_nav.ros.inputs import inputs_of, mounting_sources
from mm_nav.ros.params import FusionConfig, NavigatorConfig, PlayerConfig, RobotConfig, SimConfig, load, rules
from mm_nav.wire.extrinsics import fixes, mount

if TYPE_CHECKING:
    from mm_nav.ros.survey import Graph, SeenNode

CONFIGS: dict[str, type[RobotConfig]] = {"fusion": FusionConfig, "navigator": NavigatorConfig, "sim": SimConfig, "player": PlayerConfig}
WORDS = ("std_msgs/msg/String", "diagnostic_msgs/msg/DiagnosticStatus")  # said now and then, by people too
OPTIONAL = (*WORDS, "nav_msgs/msg/Odometry", "tf2_msgs/msg/TFMessage")
VELOCITIES = ("geometry_msgs/msg/TwistStamped", "geometry_msgs/msg/Twist")
FINE, ERROR = "ok", 2


def checkup(look_s: float) -> list[Finding]:
    """Look at the graph and judge it; one note where ROS is not installed or nobody of mm_nav is there."""
    if importlib.util.find_spec("rclpy") is None:
        return [_finding("note", "graph", "rclpy", "rclpy is not installed, so that no running node can be looked at",
                         "source a ROS 2 install, or pip install 'mm_nav[ros]'")]  # fmt: skip
    try:
        from mm_nav.ros.survey import survey

        return judge(survey(look_s))
    except ImportError as error:
        return [_finding("note", "graph", "rclpy", f"the graph cannot be looked at: {' '.join(str(error).split())}",
                         "source a ROS 2 install, or pip install 'mm_nav[ros]'")]  # fmt: skip
    except MmNavError as error:
        text, _, remedy = str(error).partition("; ")
        return [_finding("fault", "graph", "rclpy", text, remedy)]


def judge(graph: "Graph") -> list[Finding]:
    """All there is to say of a graph."""
    if not graph.nodes:
        domain = os.environ.get("ROS_DOMAIN_ID") or "0"
        text = f"no node of mm_nav in domain {domain}; {len(graph.others)} other node(s)"
        remedy = "start them (`mm_nav up robot.launch.xml`), or set ROS_DOMAIN_ID and ROS_AUTOMATIC_DISCOVERY_RANGE as theirs"
        return [_finding("note", "graph", "nodes", text, remedy, others=graph.others)]
    out = [_node(node) for node in graph.nodes]
    for node in graph.nodes:
        out += _inputs(graph, node)
        out += _outputs(graph, node)
        out += _velocity(graph, node)
        out += _parameters(node)
        out += _mountings(graph, node)
        out += _told(graph, node)
    return [*out, *_clock(graph)]


def _node(node: "SeenNode") -> Finding:
    values: dict[str, Any] = {"kind": node.kind, "state": node.state or "", "count": node.count}
    what = f"{node.kind} node"
    if node.count > 1:
        return _finding("fault", node.name, "node", f"{node.count} nodes have this name: each hears what is meant for the other",
                        "end one, or start it with namespace:=NAME", **values)  # fmt: skip
    if node.state is None:
        return _finding("fault", node.name, "node", f"{what}, does not answer", "it hangs or was stopped: look at its last log lines, and restart it", **values)
    if node.state != "active":
        word = {"unconfigured": "configure", "inactive": "activate"}.get(node.state, "")
        remedy = f"see its log for why; then `ros2 lifecycle set {node.name} {word}`, or start it with autostart:=true" if word else "start it again"
        return _finding("fault", node.name, "node", f"{what}, {node.state}: it does nothing", remedy, **values)
    return _finding("ok", node.name, "node", f"{what}, active", **values)


def _inputs(graph: "Graph", node: "SeenNode") -> Iterator[Finding]:
    """One line for each topic that a node reads."""
    from mm_nav.ros.survey import incompatible

    for topic, wanted in sorted(node.reads.items()):
        seen = graph.topics[topic]
        types = sorted({end.type_name for end in seen.publishers} - {wanted})
        fitting = [end for end in seen.publishers if end.type_name == wanted]
        mine = [end for end in seen.subscriptions if end.node == node.name and end.type_name == wanted]
        misfits = {p.node: why for p in fitting for s in mine if (why := incompatible(p, s))}
        values = {"type": wanted, "publishers": [end.node for end in seen.publishers], "types": types, "incompatible": misfits,
                  "rate_hz": round(seen.rate_hz, 2), "messages": seen.count, "frame_id": seen.frame_id}  # fmt: skip
        who = ", ".join(sorted({end.node for end in fitting}))
        if not seen.publishers:
            lacking: Level = "ok" if wanted in WORDS else "note" if wanted in OPTIONAL else "fault"
            remedy = "" if lacking == "ok" else "start its publisher, remap the topic, or take it out of the parameters"
            found = (lacking, "nobody publishes it" + (" now" if lacking == "ok" else ""), remedy)
        elif not fitting:
            found = ("fault", f"published as {', '.join(types)} by {seen.publishers[0].node}, and read as {wanted}", "remap it, or change the publisher's type")
        elif misfits:
            publisher, why = next(iter(misfits.items()))
            found = ("fault", f"{publisher} never reaches it: {why}", f"change the publisher, or set qos_overrides.{topic}.subscription of {node.name}")
        elif types:
            found = ("note", f"by {who}; also published as {', '.join(types)}, which is not read", "rename one of the two topics")
        elif not seen.count and wanted not in WORDS:
            found = ("note", f"published by {who}, but nothing came", "see whether the publisher has anything to say; then its network and /dev/shm")
        else:
            rate = f"{seen.rate_hz:.1f} Hz" if seen.rate_hz else f"{seen.count} message(s)"
            found = ("ok", f"{wanted} by {who}, {rate}", "")
        yield _finding(found[0], f"{node.name} reads {topic}", "input", found[1], found[2], **values)


def _outputs(graph: "Graph", node: "SeenNode") -> Iterator[Finding]:
    """Who listens to a node, in one line; and one for each listener whom nothing reaches."""
    from mm_nav.ros.survey import incompatible

    heard: dict[str, list[str]] = {}
    for topic, type_name in sorted(node.writes.items()):
        seen = graph.topics[topic]
        heard[topic] = sorted({end.node for end in seen.subscriptions})
        mine = [end for end in seen.publishers if end.node == node.name and end.type_name == type_name]
        for end in seen.subscriptions:
            why = next((why for p in mine if end.type_name == type_name and (why := incompatible(p, end))), "")
            if end.type_name != type_name:
                why = f"it listens for {end.type_name}, and this is {type_name}"
            if why:
                remedy = f"change the listener, or set qos_overrides.{topic}.publisher of {node.name}"
                if type_name in VELOCITIES and end.type_name in VELOCITIES:
                    remedy = f"set enable_stamped_cmd_vel: {str(end.type_name == VELOCITIES[0]).lower()}"
                yield _finding("fault", f"{node.name} writes {topic}", "output", f"never reaches {end.node}: {why}", remedy)
    by_listeners = "; ".join(f"{topic}: {', '.join(nodes)}" for topic, nodes in heard.items() if nodes)
    alone = ", ".join(topic for topic, nodes in heard.items() if not nodes)
    text = "; ".join(part for part in (by_listeners, f"nobody listens to {alone}" if alone else "") if part)
    yield _finding("ok", node.name, "outputs", text or "none", listeners=heard)


def _velocity(graph: "Graph", node: "SeenNode") -> Iterator[Finding]:
    """The navigator must be the only one who drives, and somebody must obey."""
    topics = [t for t, kind in node.writes.items() if kind in VELOCITIES]
    if node.kind != "navigator" or node.state != "active":
        return
    if not topics:
        yield _finding("note", node.name, "cmd_vel", "publishes no velocity: the robot will not move", "start it with enable_cmd_vel:=true when it may")
    for topic in topics:
        others = sorted({end.node for end in graph.topics[topic].publishers} - {node.name})
        if others:
            yield _finding("fault", f"{node.name} writes {topic}", "cmd_vel", f"also published by {', '.join(others)}: they fight over the robot",
                           "end them, or put a twist_mux between them", others=others)  # fmt: skip
        if not graph.topics[topic].subscriptions:
            yield _finding("note", f"{node.name} writes {topic}", "cmd_vel", "nobody obeys it", "start the base's driver, or remap cmd_vel to what it hears")


def _clock(graph: "Graph") -> Iterator[Finding]:
    """use_sim_time against who publishes /clock."""
    clocks = sorted({end.node for end in graph.topics["/clock"].publishers}) if "/clock" in graph.topics else []
    simulated = {n.name: bool(n.parameters.get("use_sim_time")) for n in graph.nodes if n.parameters is not None and n.kind in ("fusion", "navigator")}
    values: dict[str, Any] = {"clock": clocks, "use_sim_time": simulated}
    on, off = ([name for name, value in simulated.items() if value is wanted] for wanted in (True, False))
    if len(clocks) > 1:
        yield _finding("fault", "/clock", "time", f"published by {', '.join(clocks)}: time jumps to and fro", "end all but one", **values)
    elif on and not clocks:
        yield _finding("fault", "/clock", "time", f"{', '.join(on)} follow(s) simulated time, and nobody publishes /clock",
                       "start the simulation or the player, or set use_sim_time:=false", **values)  # fmt: skip
    elif off and clocks:
        yield _finding("note", "/clock", "time", f"{clocks[0]} publishes simulated time, and {', '.join(off)} do(es) not follow it",
                       "start with use_sim_time:=true", **values)  # fmt: skip
    elif simulated:
        yield _finding("ok", "/clock", "time", f"simulated time by {clocks[0]}" if clocks else "wall time, in all nodes", **values)


def _parameters(node: "SeenNode") -> Iterator[Finding]:
    """What applies otherwise than by default, and who set it."""
    config = _config(node)
    if isinstance(config, str):
        yield _finding("fault", node.name, "parameters", config, "start its node with the parameter file of this version")
        return
    if config is None:
        return
    stock = load(type(config), {})
    differing = {name: getattr(config, name) for name in rules(type(config)) if getattr(config, name) != getattr(stock, name)}
    flat = {f"{name}.{k}" if k else name: v for name, value in differing.items()
            for k, v in (value.items() if isinstance(value, dict) else [("", value)])}  # fmt: skip
    known = origins(node.name)
    said = [f"{name}: {_shown(value)}" + (f" (from {known[name]})" if name in known else "") for name, value in flat.items()]
    every = len(rules(type(config)))
    text = f"{len(flat)} differ from the defaults: {', '.join(said)}" if said else f"all {every} as by default"
    applied = {name: _plain(getattr(config, name)) for name in rules(type(config))}
    yield _finding("ok", node.name, "parameters", text, applied=applied, differing=sorted(flat), origins={n: known[n] for n in flat if n in known})


def _config(node: "SeenNode") -> Any:
    """The config that applies; None before it is known, and a text where it cannot be this version's."""
    if node.kind not in CONFIGS or not node.parameters or node.state in (None, "unconfigured"):
        return None
    try:
        return load(CONFIGS[node.kind], node.parameters)
    except MmNavError as error:
        return str(error)


def _mountings(graph: "Graph", node: "SeenNode") -> Iterator[Finding]:
    """Where the fusion node's sensors sit: one line for each frame that messages name."""
    config = _config(node)
    if not isinstance(config, FusionConfig):
        return
    from mm_nav.wire import decode_transforms

    try:
        tree = mount(config.extrinsics, config.calibration, config.base_frame)
        fixed = fixes(config.calibration) if config.calibration else {}
        given = mounting_sources(config, tree.frames(), "/tf_static" in node.reads)
        for parent, child, T, _ in (one for message in graph.transforms for one in decode_transforms(message)):
            tree.set(parent, child, T)
    except MmNavError as error:
        yield _finding("note", node.name, "mountings", str(error), "the file is read on this machine: run the doctor where the node runs")
        return
    yield _finding("ok", node.name, "mountings", given, frames=tree.frames())
    space = node.name.rpartition("/")[0]
    for source in inputs_of(config):
        topic = f"{space}/{source.topic}"
        seen = graph.topics.get(topic if not source.topic.startswith("/") else source.topic)
        if source.kind not in ("camera", "lidar", "radar") or seen is None or seen.frame_id is None:
            continue
        fix = fixed.get(source.source)
        frame = config.frame_id.get(source.source) or (fix.frame_id if fix and fix.frame_id else seen.frame_id)
        if not frame:
            yield _finding("fault", source.source, "mounting", "its messages name no frame", f"frame_id.{source.source}: FRAME")
        elif not tree.has(config.base_frame, frame):
            yield _finding("fault", source.source, "mounting", f"frame {frame!r} has no mounting in {config.base_frame}",
                           f"extrinsics.{frame}: [x, y, z, qx, qy, qz, qw], or publish it on /tf_static")  # fmt: skip
        else:
            x, y, z = tree.lookup(config.base_frame, frame)[:3, 3].tolist()
            yield _finding("ok", source.source, "mounting", f"frame {frame!r} at x {x:.2f}, y {y:.2f}, z {z:.2f} m in {config.base_frame}", xyz=[x, y, z])


def _told(graph: "Graph", node: "SeenNode") -> Iterator[Finding]:
    """What the node itself says in /diagnostics; of the fusion node also the model in use."""
    mine = {name.removeprefix(f"{node.name}: "): said for name, said in graph.statuses.items() if name.startswith(f"{node.name}: ")}
    if node.kind in ("fusion", "navigator") and node.state == "active" and not mine:
        yield _finding("note", node.name, "diagnostics", "says nothing on /diagnostics", "look again for longer: --look-s 5")
    for name, (level, message, values) in sorted(mine.items()):
        if name == "fusion":
            stages = ", ".join(f"{key.removeprefix('ms.')} {value} ms" for key, value in values.items() if key.startswith("ms."))
            text = f"bundle {values.get('bundle', '?')} on {values.get('backend', '?')}, {values.get('rate_hz', '?')} Hz"
            yield _finding("ok", node.name, "model", text + (f"; {stages}" if stages else ""), **values)
        if level:
            worst: Level = "fault" if level >= ERROR else "note"
            more = "; ".join(f"{key}: {value}" for key, value in values.items() if key.startswith(("missing.", "dropped.", "doubt.")))
            yield _finding(worst, f"{node.name}: {name}", "diagnostics", f"{message}{'; ' + more if more else ''}", "docs/faults.md says what each means", **values)


def _shown(value: Any) -> str:
    return "[" + ", ".join(map(_shown, value)) + "]" if isinstance(value, tuple) else repr(value) if isinstance(value, str) else f"{value}"


def _plain(value: Any) -> Any:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in value.items()} if isinstance(value, dict) else list(value) if isinstance(value, tuple) else value


def _finding(level: Any, subject: str, check: str, text: str, remedy: str = "", **values: Any) -> Finding:
    return Finding(level=level, subject=subject, check=check, text=text, remedy=remedy, values=values)
