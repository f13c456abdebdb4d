# SPDX-License-Identifier: Apache-2.0
"""Starts one of our nodes by name in this process: what ``mm_nav up`` and the console scripts run. Imports no node yet."""

import ctypes
import difflib
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from functools import partial

from mm_nav.errors import MmNavError
from mm_nav.ros import folders, transport
from mm_nav.ros.runner import Stop, fail, leave

NODES = {
    "fusion_node": "mm_nav.ros.fusion_node",
    "navigator_node": "mm_nav.ros.navigator_node",
    "sim_node": "mm_nav.ros.sim_node",
    "play_node": "mm_nav.ros.play_node",
    "viewer_node": "mm_nav.ros.viewer_node",
    "injector_node": "mm_nav.ros.injector_node",
}
PARENT_VARIABLE = "MM_NAV_UP_PID"  # set by ``mm_nav up``: its nodes end with it, even if it is killed
PR_SET_PDEATHSIG = 1  # prctl(2), Linux


def run(argv: Sequence[str]) -> int:
    """``fusion_node --ros-args …``: run that node until it ends; returns the exit status.

    SIGINT during the imports already ends the process, without a traceback.
    """
    stop = Stop(at_once=True)
    _follow_parent()
    name, rest = (argv[0], list(argv[1:])) if argv else ("", [])
    if name not in NODES:
        near = difflib.get_close_matches(name, NODES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(NODES)}"
        return fail(f"unknown node {name!r}; {hint}")
    told, more = folders.provide()
    for line in told:
        print(f"mm_nav: warning: {line}", file=sys.stderr, flush=True)
    try:
        transport.check(os.environ)  # librcl ends the process when it is loaded with a middleware that is not here
        module = importlib.import_module(NODES[name])
    except MmNavError as error:
        return fail(str(error))
    return int(module.main([name, *more, *rest], stop))


def _follow_parent() -> None:
    parent = os.environ.get(PARENT_VARIABLE)
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
    if str(os.getppid()) != parent:
        os.kill(os.getpid(), signal.SIGINT)


def script(name: str) -> int:
    """Run a node with the words of the command line: what the console scripts are."""
    return run([name, *sys.argv[1:]])


fusion_node = partial(script, "fusion_node")
navigator_node = partial(script, "navigator_node")
sim_node = partial(script, "sim_node")
play_node = partial(script, "play_node")
viewer_node = partial(script, "viewer_node")
injector_node = partial(script, "injector_node")


if __name__ == "__main__":
    leave(run(sys.argv[1:]))
