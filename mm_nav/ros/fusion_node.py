# SPDX-License-Identifier: Apache-2.0
"""The fusion node: sensors and commands in; occupancy, objects, goal, plan and diagnostics out. Thin: arrays live below."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event
from typing import Any

from mm_nav.core.gist import Gist
from mm_nav.core.types import Command, Missing, SensorFrame
from mm_nav.engine import choose_engine, load_bundle
from mm_nav.engine.text import open_text_encoder
from mm_nav.pipeline import Pipeline
from mm_nav.ros import compat, nav2
from mm_nav.ros.feed import ERROR, OK, WARN, Feed, topic_fault
from mm_nav.ros.guard import one_line
from mm_nav.ros.inputs import Input, mounting_sources
from mm_nav.ros.managed import INPUT_QOS, LATCHED_QOS, ODOMETRY_QOS, OUTPUT_QOS, TRANSFORMS_QOS, WORDS_QOS, ManagedNode
from mm_nav.ros.outputs import OFFERS, encode_answer, encode_progress, encode_state, hold_messages, outcome_messages
from mm_nav.ros.params import FusionConfig
from mm_nav.ros.runner import Chore, Stop, Worker, run
from mm_nav.ros.vigil import Vigil
from mm_nav.ros.words import Spoken, Words
from mm_nav.wire import Status, encode_diagnostics
from mm_nav.wire.extrinsics import mount

REPORT_S, WAITING_S, WATCH_S, NAV2_S, LOOK_S = 1.0, 5.0, 0.2, 0.05, 0.05
FIRST_S = 3.0  # what the first instant may take to come before words are prepared all the same
RESET = "reset"  # goes through the worker's mailbox, between frames

Job = SensorFrame | Spoken | str


class FusionNode(ManagedNode):
    """Callbacks decode and push; the worker runs the pipeline on the newest instant and publishes."""

    config: FusionConfig
    config_class = FusionConfig

    def __init__(self, **options: Any) -> None:
        super().__init__("fusion", **options)
        self._worker: Worker[Job] | None = None
        self._preparing: Chore | None = None
        self._frames = 0
        self._status = ""
        self._stage_ms: dict[str, float] = {}
        self._missing: dict[str, str] = {}
        self._overdue: dict[str, str] = {}  # sensors that an instant will lack, once one is made without them
        self._state = ""
        self._contrast: dict[str, float] = {}
        self._nav2: nav2.Nav2Goals | None = None
        self._doubts: dict[str, str] = {}
        self._hold = ""
        self._fell_back = False

    def configure(self) -> None:
        """Load the bundle, subscribe, start the worker."""
        if self.config.nav2_action:
            self._nav2 = nav2.connect(self, self.config.nav2_action, self.guard)
            self.every(NAV2_S, self._nav2.tick)
        bundle = load_bundle(self.config.bundle)
        chosen = choose_engine(bundle, self.config.backend, self.config.threads, self.config.precision, self.config.allow_fallback)
        engine, self._fell_back = chosen.engine, chosen.fell_back
        self._spec = bundle.spec
        self._about = {"bundle": bundle.name, "backend": engine.name, "backend_why": chosen.why}
        encoder = open_text_encoder(bundle)
        gist = Gist(encoder.encode_together)
        self._pipeline = Pipeline(engine, encoder, bundle.spec, self.config.limits(), hear=gist.hear, empty_is_open=self.config.empty_is_open)
        self._pipeline.warm_up()
        tree = mount(self.config.extrinsics, self.config.calibration, self.config.base_frame)
        self.get_logger().info(f"mountings: {mounting_sources(self.config, tree.frames(), compat.has_transforms())}")
        self._feed = Feed(self.config, bundle.spec, tree, self.guard, now_ns=self.now_ns, clock=self.monotonic_s)
        self._vigil = Vigil(self.guard, self.monotonic_s, self.config.required)
        self._words = Words(self.monotonic_s, self.config.max_command_age_s)
        self._resets = self._stamp_ns = 0
        self._quiet_since_s: float | None = None
        self._worker = Worker(self.guard.wrap("pipeline", self._work), "fusion")
        self._jobs = self._worker.mailbox
        for topic, type_name in OFFERS.items():
            self.offer(type_name, topic, LATCHED_QOS if topic == "command_status" else OUTPUT_QOS)
        if compat.has_detections():
            self.offer(compat.DETECTIONS, "detections")
        self.offer("diagnostic_msgs/msg/DiagnosticArray", "/diagnostics")
        self._listen_to_sensors()
        self.every(REPORT_S, self._report)
        self.every(WATCH_S, self._watch)
        self.every(LOOK_S, self._look_out)
        self._begun = Event()
        self._preparing = Chore(self.guard.wrap("gist", lambda wanted: self._prepare(gist, wanted)), "gist")
        if chosen.fell_back:
            self.get_logger().warning(f"not on the backend that was asked for: {chosen.why}")
        self.get_logger().info(f"bundle {bundle.name} on {engine.name}; reads {', '.join(i.topic for i in self._feed.inputs)}")

    def _prepare(self, gist: Gist, wanted: Callable[[], bool]) -> None:
        """In a thread of its own: load the sentence encoder, two seconds of Python that the first instant does not wait for."""
        until_s = self.monotonic_s() + FIRST_S
        while wanted() and self.monotonic_s() < until_s and not self._begun.wait(LOOK_S):
            pass
        gist.prepare(wanted)

    def _listen_to_sensors(self) -> None:
        for source in self._feed.inputs:
            qos = {"command": WORDS_QOS, "odometry": ODOMETRY_QOS}.get(source.kind, INPUT_QOS)
            self.listen(source.type_name, source.topic, self._hearer(source), qos)
        if compat.has_transforms():
            for topic, qos in (("/tf", TRANSFORMS_QOS), ("/tf_static", LATCHED_QOS)):
                source = Input(topic=topic, type_name=compat.TRANSFORMS, source=topic, kind="transform")
                self.listen(source.type_name, topic, self._hearer(source), qos)

    def _hearer(self, source: Input) -> Any:
        return lambda message: self._hear(source, message)

    def _hear(self, source: Input, message: Any) -> None:
        """In the executor's thread."""
        utterance = self._feed.hear(source, message)
        if utterance is not None:
            spoken, refused = self._words.hear(utterance)
            if refused is not None:
                self.send("command_status", encode_answer(refused))
            if spoken is not None:
                if spoken.stop and self._nav2 is not None:
                    self._nav2.stop()
                self._jobs.put_urgent(spoken)
            return
        if self._feed.resets != self._resets:
            self._resets = self._feed.resets
            self.get_logger().info(f"time jumped on {source.topic}; forgetting what was seen")
            self._jobs.clear()
            self._jobs.put_urgent(RESET)
        frame = self._feed.take()
        if frame is not None:
            self._jobs.put(frame)

    def _work(self, job: Job) -> None:
        """In the worker's thread."""
        if isinstance(job, str):
            self._pipeline.reset()
            self._forget_goal()
        elif isinstance(job, Spoken):
            said = job.utterance
            answer = self._words.expired(job) or self._pipeline.command(said.text, said.stamp_ns)
            if isinstance(answer, Command):  # another order; after a refusal the old one goes on
                self._status = ""
                self._forget_goal()
            self.send("command_status", encode_answer(answer))
        else:
            self._step(job)

    def _forget_goal(self) -> None:
        if self._nav2 is not None:
            self._nav2.forget()

    def _step(self, frame: SensorFrame) -> None:
        outcome = self._pipeline.step(frame)
        self._stamp_ns = frame.stamp_ns
        self._missing = {m.name: m.reason for m in outcome.scene.missing}
        self._vigil.instant()
        if hold := self._vigil.failing() or self._vigil.lacking(self._missing):
            self._say_hold(hold)
            return
        self._hold = ""
        odom_frame = frame.odometry.frame_id if frame.odometry is not None else "odom"
        self._state = outcome.plan.state
        late = [Missing(name=name, reason=reason) for name, reason in self._overdue.items() if name not in self._missing]
        scene = replace(outcome.scene, missing=(*outcome.scene.missing, *late))
        made = outcome_messages(scene, outcome.plan, self._spec.grid, self.config.base_frame, odom_frame)
        for topic, encode in made.items():
            if self.wanted(topic):
                self.send(topic, encode())
        if self._nav2 is not None:
            self._nav2.see(outcome.status, made["goal_pose"]() if "goal_pose" in made else None)
        if compat.has_detections() and self.wanted("detections"):
            self.send_message("detections", compat.detections(outcome.scene, self.config.base_frame))
        if outcome.status != self._status:
            self._status = outcome.status
            progress = encode_progress(outcome.status, outcome.scene)
            if progress is not None:
                self.send("command_status", progress)
        self._frames += 1
        self._begun.set()
        self._stage_ms = dict(outcome.stage_ms)
        self._contrast, self._doubts = outcome.contrast, outcome.doubts

    def _say_hold(self, reason: str) -> None:
        """Nothing is known: whoever drives by it must stand."""
        self._hold = reason
        if self._nav2 is not None:
            self._nav2.see("not_found", None)
        for topic, encode in hold_messages(reason, self._stamp_ns, self._spec.grid, self.config.base_frame).items():
            self.send(topic, encode())

    def _look_out(self) -> None:
        """Announce a sensor that just fell silent: its loss is seen in an instant only after the others were waited for."""
        before, self._overdue = self._overdue, self._feed.overdue()
        if self._overdue.keys() - before.keys() - self._missing.keys() and self._vigil.begun and not self._hold:
            missing = [Missing(name=name, reason=reason) for name, reason in {**self._overdue, **self._missing}.items()]
            self.send("fusion_status", encode_state(self._state, missing))

    def _watch(self) -> None:
        """Several times a second, in the executor's thread: orders whose turn has come, and a worker that does not work."""
        if (spoken := self._words.due()) is not None:
            self._jobs.put_urgent(spoken)
        if self._worker is not None and (hold := self._vigil.hold(self._worker.busy_s())):
            self._say_hold(hold)

    def _report(self) -> None:
        """Diagnostics, and every 5 s what is waited for; in the executor's thread."""
        faults = {i.topic: fault for i in self._feed.inputs if (fault := self._fault(i)) is not None}
        waiting = [f"{i.topic} ({faults.get(i.topic, 'no message')})" for i in self._feed.quiet()]
        waiting += [fault] if (fault := self.clock_fault()) else []
        for topic in self._feed.mute([i.topic for i in self._feed.inputs if i.topic not in faults]):
            self.listen_again(topic)
        statuses = [self._own_status(waiting), *self._feed.statuses(faults)]
        if self._pipeline_faults():
            values = self.guard.report("pipeline")
            statuses.append(Status(name="pipeline", level=ERROR, message="failed lately", values=values))
        prefix = self.get_fully_qualified_name()
        named = [replace(status, name=f"{prefix}: {status.name}") for status in statuses]
        self.send("/diagnostics", encode_diagnostics(named, self.now_ns()))
        now_s = self.monotonic_s()
        if not waiting:
            self._quiet_since_s = None
        elif self._quiet_since_s is None or now_s - self._quiet_since_s >= WAITING_S:
            if self._quiet_since_s is not None:
                self.get_logger().warning(f"waiting for {'; '.join(waiting)}")
            self._quiet_since_s = now_s

    def _fault(self, source: Input) -> str | None:
        if source.kind == "command":
            return None
        publishers = self.get_publishers_info_by_topic(self.resolve_topic_name(source.topic))
        return topic_fault(source.type_name, [p.topic_type for p in publishers])

    def _pipeline_faults(self) -> bool:
        return bool(self.guard.recent("pipeline"))

    def _own_status(self, waiting: list[str]) -> Status:
        values = {
            **self._about,
            "frames": str(self._frames),
            "skipped": str(self._jobs.skipped),
            "status": self._status,
            "resets": str(self._feed.resets),
            **{f"ms.{stage}": f"{ms:.2f}" for stage, ms in self._stage_ms.items()},
            **{f"contrast.{camera}": f"{value:.2f}" for camera, value in self._contrast.items()},
            **{f"missing.{name}": reason for name, reason in self._missing.items()},
        }
        values |= {"rate_hz": f"{self._vigil.rate_hz():.1f}", **{f"doubt.{name}": text for name, text in self._doubts.items()}}
        if self._nav2 is not None:
            values |= {"nav2": self._nav2.state, **{f"nav2.{key}": text for key, text in self.guard.report(nav2.SOURCE).items()}}
        faint = [camera for camera, value in self._contrast.items() if value < self.config.low_contrast]
        told = [f"low contrast in {', '.join(faint)}: fog, dirt or focus"] if faint else []
        told += [f"{name}: {text}" for name, text in self._doubts.items()]
        told += [slow] if (slow := self._vigil.slow(self._feed.sensor_hz())) else []
        told += [f"waiting for {'; '.join(waiting)}"] if waiting else []
        told += [f"runs on {self._about['backend']}, not on {self.config.backend}"] if self._fell_back else []
        told += [f"{count} other node(s) of this name; rename them"] if (count := self.namesakes()) else []
        if self._hold:
            return Status(name="fusion", level=ERROR, message=one_line(f"hold: {self._hold}"), values=values)
        if told:
            return Status(name="fusion", level=WARN, message=one_line("; ".join(told)), values=values)
        return Status(name="fusion", level=OK, message="running" if self._frames else "starting", values=values)

    def stand(self) -> None:
        """Nav2 must not go on driving to a goal that nobody watches any more."""
        if self._nav2 is not None:
            self._nav2.withdraw()

    def release(self) -> None:
        """Stop the worker before its publishers go; then the network and the words' encoder, 90 MB together."""
        stopped = self._worker is None or self._worker.close()
        if self._preparing is not None:
            stopped, self._preparing = self._preparing.close() and stopped, None
        if not stopped:
            self.get_logger().warning("the network did not come back in time; leaving without it")
        self._worker = None
        for part in ("_pipeline", "_feed", "_words", "_vigil") if stopped else ():
            vars(self).pop(part, None)
        if self._nav2 is not None:
            self._nav2.close()
            self._nav2 = None


def main(argv: Sequence[str] | None = None, stop: Stop | None = None) -> int:
    """Run the node until it is stopped; returns the exit status."""
    return run(FusionNode, argv, stop)


if __name__ == "__main__":
    sys.exit(main())
