# SPDX-License-Identifier: Apache-2.0
"""Bars for work that takes long: on a terminal, and nowhere else, so that logs and pipes hold results only.

Knows no work: whoever does some says how much of it is done.
"""

from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Item = TypeVar("Item")


class Bar:
    """One bar on the screen, or nothing at all."""

    def __init__(self, shown: Progress, task: TaskID) -> None:
        self._shown, self._task = shown, task

    def advance(self, by: float = 1, note: str = "") -> None:
        """So much more is done; ``note`` is what came last."""
        self._shown.update(self._task, advance=by, note=escape(note))

    def reach(self, done: float, note: str = "") -> None:
        """So much is done by now, in the unit of the total; the bar never goes back."""
        task = self._shown.tasks[0]
        self._shown.update(self._task, completed=max(task.completed, min(done, task.total or done)), note=escape(note))

    def say(self, text: str) -> None:
        """A line above the bar; printed too where there is no bar."""
        self._shown.console.print(text, highlight=False, soft_wrap=True, markup=False)


@contextmanager
def bar(text: str, total: float | None, console: Console | None = None) -> Iterator[Bar]:
    """A bar while the block runs.

    Args:
        text: what is done, in a word or two. total: how much there is to do; whole numbers are shown as such, None: nobody knows.
        console: standard output if none is given.
    """
    console = console or Console()
    columns: list[ProgressColumn] = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn()]
    if total:
        columns[2:2] = [MofNCompleteColumn() if isinstance(total, int) else TextColumn("{task.percentage:>3.0f} %")]
        columns.append(TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        yield Bar(shown, shown.add_task(escape(text), total=total, note=""))


def track(items: Iterable[Item], text: str, total: int | None = None, console: Console | None = None) -> Iterator[Item]:
    """The items one after the other, with a bar; their number is the total unless it is given."""
    count = len(items) if total is None and isinstance(items, Sized) else total
    with bar(text, count, console) as shown:
        for item in items:
            yield item
            shown.advance()
