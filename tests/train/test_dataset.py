# SPDX-License-Identifier: Apache-2.0
"""Processes that extract and load: they must not be hurt by what the process that trains has open."""

import gc
from pathlib import Path

from mm_nav.engine import load_bundle, open_engine
from mm_nav.train.dataset import fresh_processes

TINY = Path(__file__).parents[2] / "models/tiny"


def test_helpers_of_a_training_live_on_beside_an_engine_that_was_let_go() -> None:
    """A fork would inherit it as garbage, and hang or crash on collecting it: its threads are not there to be joined."""
    gc.disable()
    try:
        cycle: list[object] = [open_engine(load_bundle(TINY), "ort", threads=2)]
        cycle.append(cycle)
        del cycle
        helper = fresh_processes().Process(target=gc.collect)  # type: ignore[attr-defined]
        helper.start()
        helper.join(60)
        code = helper.exitcode
        helper.kill()
    finally:
        gc.enable()
    assert code == 0
