# SPDX-License-Identifier: Apache-2.0
"""Training curves out of the folder that ``mm_nav train`` logs to (TensorBoard event files)."""

from pathlib import Path

from mm_nav.errors import ConfigError

Curve = list[tuple[int, float]]  # step, value
LOSSES = ("train/loss_step", "train/loss_epoch", "val/loss")
JUDGED = ("val/score", "val/occupancy_iou", "val/goal_within_1m", "val/present_when_there", "val/present_when_not", "val/waypoint_error_m")


def history(folder: Path) -> dict[str, Curve]:
    """Every curve of a run by its tag, in order of steps; of a step that was logged twice (a resumed run) the later value.

    Raises:
        ConfigError: no event file in the folder, or none with a curve.
    """
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    if not list(folder.glob("events.out.tfevents.*")):
        raise ConfigError(f"run {folder}: no TensorBoard event file in it; give a folder below <cache>/runs that mm_nav train wrote")
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})  # 0 keeps all of them
    events.Reload()
    found = {tag: sorted({e.step: float(e.value) for e in events.Scalars(tag)}.items()) for tag in events.Tags()["scalars"]}
    if not found:
        raise ConfigError(f"run {folder}: its event files hold no curve yet; train for at least 20 steps")
    return found
