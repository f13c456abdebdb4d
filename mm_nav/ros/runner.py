# SPDX-License-Identifier: Apache-2.0
"""How a node lives: a worker with a newest-wins mailbox, and a process that ends cleanly. Knows no topic.

Callbacks decode and push; the worker runs the network. A slow network drops frames and never builds lag.
"""

import gc
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from mm_nav.errors import ConfigError, MmNavError
from mm_nav.ros import transport
from mm_nav.ros.guard import one_line
from mm_nav.ros.params_file import read_blocks

Item = TypeVar("Item")
SPIN_S = 0.05  # how long a signal may wait for the executor to return to Python
JOIN_S = 1.0
CHORE_JOIN_S = 10.0  # it ends by itself before its next part: a busy machine may take its time over one
REFUSED = 2  # exit status when the node cannot be set up


class Mailbox(Generic[Item]):
    """Holds the newest item and, apart from it, urgent ones that are never dropped."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._newest: Item | None = None
        self._urgent: deque[Item] = deque()
        self._closed = False
        self.skipped = 0

    def put(self, item: Item) -> None:
        """Replace what waits; what was replaced counts as skipped."""
        with self._ready:
            self.skipped += self._newest is not None
            self._newest = item
            self._ready.notify()

    def put_urgent(self, item: Item) -> None:
        """Queue an item ahead of the newest one."""
        with self._ready:
            self._urgent.append(item)
            self._ready.notify()

    def clear(self) -> None:
        """Forget the newest item (not the urgent ones)."""
        with self._ready:
            self._newest = None

    def close(self) -> None:
        """Wake the taker for good."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    def take(self) -> Item | None:
        """Block until there is an item; None once closed."""
        with self._ready:
            self._ready.wait_for(lambda: self._closed or self._urgent or self._newest is not None)
            if self._closed:
                return None
            if self._urgent:
                return self._urgent.popleft()
            item, self._newest = self._newest, None
            return item


class Worker(Generic[Item]):
    """A thread that runs ``work`` on what the mailbox holds; ``work`` must not raise (wrap it with a Guard)."""

    def __init__(self, work: Callable[[Item], Any], name: str) -> None:
        self.mailbox: Mailbox[Item] = Mailbox()
        self._work = work
        self._began_s: float | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (item := self.mailbox.take()) is not None:
            self._began_s = time.monotonic()
            self._work(item)
            self._began_s = None

    def busy_s(self) -> float:
        """For how long it has been working on what it has in hand; 0 while it waits."""
        began_s = self._began_s
        return 0.0 if began_s is None else time.monotonic() - began_s

    def close(self) -> bool:
        """Stop after the item in hand. Returns whether the thread ended in time."""
        self.mailbox.close()
        self._thread.join(JOIN_S)
        return not self._thread.is_alive()


class Chore:
    """A thread that does one thing beside everything else; ``work`` takes what says whether it is still wanted."""

    def __init__(self, work: Callable[[Callable[[], bool]], Any], name: str) -> None:
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=work, args=(lambda: not self._unwanted.is_set(),), name=name, daemon=True)
        self._thread.start()

    def close(self) -> bool:
        """Let it end where it is. Returns whether it did in time."""
        self._unwanted.set()
        self._thread.join(CHORE_JOIN_S)
        return not self._thread.is_alive()


class Stop:
    """Set by SIGINT and SIGTERM, asked by the spin loop.

    Attributes:
        at_once: exit from within the signal handler; only while there is nothing yet that must be closed.
    """

    def __init__(self, at_once: bool = False) -> None:
        self.requested = False
        self.at_once = at_once
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        if self.at_once:
            os._exit(0)


class RunnableNode(Protocol):
    """What ``run`` needs besides rclpy's Node."""

    exit_code: int | None  # set by the node to end by itself

    def start(self) -> None:
        """Configure and activate, if the node does that by itself."""

    def close(self) -> None:
        """Leave the robot standing: publish what must be last; the context still lives."""

    def destroy_node(self) -> None:
        """rclpy's."""


def run(make_node: Callable[..., RunnableNode], argv: Sequence[str] | None = None, stop: Stop | None = None) -> int:
    """Spin one node until it ends, SIGINT or SIGTERM; returns the exit status.

    ``make_node`` takes rclpy's ``context``. Signals are ours, not rclpy's: its handler shuts the context down before a
    last zero velocity could be published.
    """
    stop = stop or Stop()
    try:
        transport.prepare()
    except MmNavError as error:
        return fail(str(error))
    import rclpy
    from rclpy.signals import SignalHandlerOptions

    stop.at_once = False
    context = rclpy.Context()
    words = list(sys.argv if argv is None else argv)
    try:
        rclpy.init(args=words, context=context, signal_handler_options=SignalHandlerOptions.NO)
    except Exception as error:  # rcl's own error types
        return fail(_fault_of_file(words) or f"cannot start ROS: {error}; check the arguments after --ros-args")
    try:
        return _spin(make_node, context, stop)
    except MmNavError as error:
        return fail(str(error))
    finally:
        context.try_shutdown()
        del context
        gc.collect()  # the participant ends, and its shared memory goes, with the last reference to the context


def event_loop(context: Any) -> Any:
    """What calls the callbacks, one at a time, by ``spin_once``.

    rclpy's events executor where it has one: it is told what came instead of asking every entity, at less CPU
    (``mm_nav bench executor``). Never its ``spin``, which handed over next to nothing in Kilted's wheels. Else the single-threaded.
    """
    try:
        from rclpy.experimental.events_executor import EventsExecutor

        return EventsExecutor(context=context)
    except Exception:  # absent before Kilted, and experimental since
        from rclpy.executors import SingleThreadedExecutor

        return SingleThreadedExecutor(context=context)


def _spin(make_node: Callable[..., RunnableNode], context: Any, stop: Stop) -> int:
    from rclpy.executors import ExternalShutdownException

    executor = event_loop(context)
    node: Any = _made(make_node, context)
    try:
        executor.add_node(node)
        node.start()
        gc.collect()
        gc.freeze()  # what was loaded stays: walking it again and again took tens of milliseconds, now and then
        while not stop.requested and node.exit_code is None and context.ok():
            executor.spin_once(timeout_sec=SPIN_S)
    except ExternalShutdownException:
        pass
    finally:
        gc.unfreeze()
        node.close()
        executor.remove_node(node)
        node.destroy_node()
        executor.shutdown()
    return 0 if node.exit_code is None else int(node.exit_code)


def _fault_of_file(words: Sequence[str]) -> str:
    """What is wrong with the first bad parameter file of a command line, in words that name the remedy; '' if none is bad."""
    for option, file in pairwise(words):
        if option == "--params-file":
            try:
                read_blocks(Path(file))
            except ConfigError as error:
                return str(error)
    return ""


def _made(make_node: Callable[..., RunnableNode], context: Any) -> RunnableNode:
    from rclpy._rclpy_pybind11 import RCLError

    try:
        return make_node(context=context)
    except RCLError as error:  # the middleware refuses a participant
        remedy = "correct ROS_SECURITY_KEYSTORE and the enclave; PyPI's Fast DDS cannot do security at all, a ROS 2 install can"
        if "ecurity" not in str(error):
            remedy = "check the network and /dev/shm with `mm_nav doctor`"
        raise ConfigError(f"cannot start the node: {error}; {remedy}") from error


def leave(status: int) -> NoReturn:
    """End the process: all is closed, and tearing down the interpreter with all its libraries takes 0.3 s of CPU time."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def fail(text: str) -> int:
    """One line on stderr and the exit status of a refusal."""
    print(f"mm_nav: error: {one_line(text, 600)}", file=sys.stderr, flush=True)
    return REFUSED
