# SPDX-License-Identifier: Apache-2.0
"""``mm_nav inspect BAG|BUNDLE``: what is in it, and what mm_nav would use of it. Prints; decides nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.table import Table

from mm_nav.bags.playback import topic_uses
from mm_nav.bags.reader import BagReader
from mm_nav.engine.bundle import MANIFEST_NAME, find_bundle, load_bundle


@dataclass(frozen=True, kw_only=True)
class InspectConfig:
    """What to look at."""

    path: Annotated[Path, tyro.conf.Positional]
    """A recording, or a model bundle."""
    allow_partial: bool = False
    """Look at what is left of a damaged recording."""


def main(config: InspectConfig) -> int:
    """Print a table; 0 when the thing can be used.

    Raises:
        BagError, BundleError: when it cannot, with the remedy.
    """
    console = Console()
    if (config.path / MANIFEST_NAME).is_file():
        console.print(_bundle_table(config.path))
        return 0
    with BagReader(config.path, allow_partial=config.allow_partial) as reader:
        console.print(_bag_table(reader))
    return 0


def _bag_table(reader: BagReader) -> Table:
    seconds = reader.duration_ns / 1e9
    table = Table(title=f"{reader.path}: {reader.message_count} messages, {seconds:.1f} s", title_justify="left")
    for heading in ("topic", "type", "count", "rate", "frame", "used as"):
        table.add_column(heading, justify="right" if heading in ("count", "rate") else "left", overflow="fold")
    for use in topic_uses(reader):
        info = reader.topics[use.topic]
        rate = f"{(info.count - 1) / seconds:.1f} Hz" if info.count > 1 and seconds > 0 else ""
        used = f"{use.kind} {use.name}" if use.kind else f"not used: {use.reason}"
        table.add_row(use.topic, info.type, str(info.count), rate, _frame(reader, use.topic), used)
    return table


def _frame(reader: BagReader, topic: str) -> str:
    """Frame of the first message, if its type has a header."""
    if not reader.topics[topic].count or not reader.topics[topic].readable:
        return ""
    message = next(reader.messages([topic]), None)
    header = getattr(message.msg, "header", None) if message is not None else None
    return str(header.frame_id) if header is not None else ""


def _bundle_table(path: Path) -> Table:
    bundle = load_bundle(find_bundle(path))
    table = Table(title=f"{path}: bundle {bundle.name}, written by mm_nav {bundle.version}", title_justify="left")
    for heading in ("tensor", "dtype", "shape"):
        table.add_column(heading)
    for side, tensors in (("in", bundle.inputs), ("out", bundle.outputs)):
        for tensor in tensors:
            table.add_row(f"{side} {tensor.name}", tensor.dtype, str(tensor.shape))
    return table
