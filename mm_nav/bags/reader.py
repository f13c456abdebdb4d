# SPDX-License-Identifier: Apache-2.0
"""Reads recordings: rosbag2 folders, single .mcap and .db3 files, ROS 1 .bag. Says in one line what is wrong with one.

Knows no reading and no network; playback.py makes readings of messages.
"""

import logging
import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, cast

import numpy as np
from jaxtyping import Int64
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection
from rosbags.typesys import Stores, get_typestore

from mm_nav.bags import mapped
from mm_nav.bags.recover import MCAP_MAGIC, ZSTD_MAGIC, read_zstd, recover_mcap
from mm_nav.errors import BagError, DamagedBagError

log = logging.getLogger(__name__)
DATA_SUFFIXES = (".mcap", ".db3")
NO_METADATA = ("yaml", "metadata key is missing", "Invalid bag metadata")  # what rosbags says of a broken metadata.yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicInfo:
    """One topic: message type, number of messages, and whether its type is known here."""

    type: str
    count: int
    readable: bool = True


@dataclass(frozen=True, slots=True)
class BagMessage:
    """One message; ``msg`` has the attributes of its ROS type."""

    topic: str
    type: str
    log_time_ns: int
    msg: Any


class BagReader:
    """An open recording; use it as a context manager, or call ``close``.

    A missing or broken metadata.yaml is replaced by what the data files say. A damaged MCAP file is an error, unless
    ``allow_partial``: then whatever is left of it is read.

    Raises:
        BagError: when there is nothing to read, with the remedy.
    """

    def __init__(self, path: str | Path, *, allow_partial: bool = False) -> None:
        self.path = Path(path)
        self.allow_partial = allow_partial
        self._scratch: TemporaryDirectory[str] | None = None
        self._cut_off = False
        self._reader = self._open()
        self._chunks = mapped.chunks_of(mapped.files_of(self._reader))
        by_topic: dict[str, list[Connection]] = {}
        for connection in self._reader.connections:
            by_topic.setdefault(connection.topic, []).append(connection)
        self.topics: dict[str, TopicInfo] = {
            topic: TopicInfo(
                type=found[0].msgtype,
                count=sum(c.msgcount for c in found),
                readable=all(c.msgtype in self._reader.typestore.fielddefs for c in found),
            )
            for topic, found in sorted(by_topic.items())
        }

    @property
    def message_count(self) -> int:
        """Messages in all topics, as the recording says."""
        return sum(topic.count for topic in self.topics.values())

    @property
    def duration_ns(self) -> int:
        """From the first to the last log time."""
        return max(0, self._reader.duration - 1) if self.message_count else 0

    def messages(self, topics: Collection[str] | None = None) -> Iterator[BagMessage]:
        """Messages of some topics, or of all, by log time. Topics of unknown types are skipped with a warning.

        Raises:
            BagError: for a topic that is not there, and at the end when fewer messages came than the recording says.
        """
        wanted = self.topics.keys() if topics is None else topics
        for topic in wanted:
            if topic not in self.topics:
                raise BagError(f"{self.path} has no topic {topic!r}; it has {sorted(self.topics)}")
            if not self.topics[topic].readable:
                log.warning("%s: %s skipped, its type %s is not known", self.path, topic, self.topics[topic].type)
        chosen = [c for c in self._reader.connections if c.topic in wanted and self.topics[c.topic].readable]
        expected = sum(c.msgcount for c in chosen)
        read = 0
        trouble = ""
        stream = self._stream(chosen)
        while True:
            try:
                connection, log_time_ns, data = next(stream)
            except StopIteration:
                break
            except Exception as error:  # damaged data breaks rosbags in many ways; all mean the same here
                trouble = f" ({_line(error)})"
                break
            try:
                raw = read_zstd(data) if bytes(data[:4]) == ZSTD_MAGIC else data
                msg = self._reader.deserialize(cast(bytes, raw), connection.msgtype)  # a view will do
            except Exception as error:
                trouble = f" ({connection.topic}: {_line(error)})"
                continue
            read += 1
            yield BagMessage(connection.topic, connection.msgtype, log_time_ns, msg)
        if self._cut_off:
            log.warning("%s: a file is cut off, recovered %d of %s messages", self.path, read, self._promised())
        elif read < expected or trouble:
            text = f"{self.path}: recovered {read} of {expected} messages{trouble}"
            if not self.allow_partial:
                raise DamagedBagError(f"{text}; the rest is damaged, allow a partial read (--allow-partial) to use what is left")
            log.warning("%s", text)

    def log_times(self) -> dict[str, Int64[np.ndarray, " n"]]:
        """When the messages of each topic were logged, in ns; nothing is decoded.

        Raises:
            DamagedBagError: fewer messages than the recording says, unless a partial read is allowed.
        """
        found: dict[str, list[int]] = {topic: [] for topic in self.topics}
        trouble, stream = "", self._stream(self._reader.connections)
        while True:
            try:
                connection, log_time_ns, _ = next(stream)
            except StopIteration:
                break
            except Exception as error:  # as in messages()
                trouble = f" ({_line(error)})"
                break
            found[connection.topic].append(log_time_ns)
        read = sum(map(len, found.values()))
        if (read < self.message_count or trouble) and not self._cut_off and not self.allow_partial:
            text = f"{self.path}: recovered {read} of {self.message_count} messages{trouble}"
            raise DamagedBagError(f"{text}; the rest is damaged, allow a partial read (--allow-partial) to use what is left")
        return {topic: np.array(times, np.int64) for topic, times in found.items()}

    def _stream(self, chosen: list[Connection]) -> Iterator[tuple[Connection, int, bytes | memoryview]]:
        """Messages by log time, the quick way; from where that ends, for whatever reason, as rosbags reads them."""
        if not chosen:
            return
        read = 0
        if self._chunks:
            by_topic = {connection.topic: connection for connection in chosen}
            try:
                for some in mapped.messages(self._chunks, by_topic):
                    for log_time_ns, _, topic, data in some:
                        read += 1
                        yield by_topic[topic], log_time_ns, data
                return
            except Exception as error:  # rosbags judges what is wrong
                log.debug("%s: read on with rosbags: %s", self.path, error)
        yield from islice(self._reader.messages(chosen), read, None)

    def close(self) -> None:
        """Close the files; a second call does nothing."""
        self._chunks = None
        if self._reader.stack:
            self._reader.close()
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def __enter__(self) -> "BagReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _promised(self) -> str:
        """The number of messages in metadata.yaml, if it can be read."""
        metadata = self.path / "metadata.yaml"
        found = re.search(r"^  message_count: (\d+)", metadata.read_text(), re.M) if metadata.is_file() else None
        return found[1] if found else "an unknown number of"

    def _open(self) -> AnyReader:
        files = self._data_files()
        folder = self.path if self.path.is_dir() else None
        if folder is not None and (folder / "metadata.yaml").exists():
            try:
                return _open_any([folder])
            except BagError as error:
                if not any(word in str(error) for word in NO_METADATA) and not self._may_go_on(str(error), files):
                    raise BagError(_remedy(folder, str(error))) from error
                log.warning("%s: %s; reading its data files instead", folder, error)
        elif folder is not None:
            log.warning("%s: metadata.yaml is missing; reading the data files instead", folder)
        return self._open_files(files)

    def _may_go_on(self, text: str, files: list[Path]) -> bool:
        """A file that metadata.yaml names is missing, or one is cut off, and that is allowed or has its own error."""
        missing = "files are missing" in text
        return (missing and self.allow_partial) or any(_is_cut(f) for f in files)

    def _open_files(self, files: list[Path]) -> AnyReader:
        whole = []
        for file in files:
            if _is_cut(file):
                if not self.allow_partial:
                    text = f"{file} is cut off (no MCAP end mark, as after a power cut)"
                    raise DamagedBagError(f"{text}; allow a partial read (--allow-partial), or repair it with `mcap recover {file.name}`")
                file = self._recover(file)
            whole.append(file)
        try:
            return _open_any(whole)
        except BagError as error:
            raise BagError(_remedy(self.path, str(error))) from error

    def _recover(self, file: Path) -> Path:
        if self._scratch is None:
            self._scratch = TemporaryDirectory(prefix="mm_nav_recover_")
        saved, count = recover_mcap(file, Path(self._scratch.name) / file.stem)
        if not count:
            raise BagError(f"{file} is cut off and no message in it can be recovered; record it again")
        self._cut_off = True
        return saved

    def _data_files(self) -> list[Path]:
        if not self.path.exists():
            raise BagError(f"{self.path} does not exist; check the path")
        if self.path.is_file():
            files = [self.path]
        else:
            files = sorted(f for f in self.path.iterdir() if f.suffix in DATA_SUFFIXES)
        listed = self.path.is_dir() and (self.path / "metadata.yaml").exists()
        packed = [] if files or listed else sorted(self.path.glob("*.zst*"))
        if packed:
            raise BagError(f"{self.path}: metadata.yaml is missing, and {packed[0].name} is compressed; unpack it with `zstd -d {packed[0].name}`")
        if not files and not listed:
            raise BagError(f"{self.path} holds no .mcap or .db3 file; give a rosbag2 folder, or a bag file")
        for file in files:
            if not file.stat().st_size:
                raise BagError(f"{file} is empty (0 bytes); record it again")
        return files


def _open_any(paths: list[Path]) -> AnyReader:
    try:
        reader = AnyReader(paths, default_typestore=get_typestore(Stores.ROS2_KILTED))
        reader.open()
    except Exception as error:  # damaged files break rosbags in many ways
        raise BagError(_line(error)) from error
    counts = Counter(connection.topic for connection in reader.connections)
    clash = [t for t in counts if len({c.msgtype for c in reader.connections if c.topic == t}) > 1]
    if clash:
        reader.close()
        raise BagError(f"topic {clash[0]!r} holds several message types; split the recording")
    return reader


def _is_cut(file: Path) -> bool:
    """Whether an MCAP file starts well and lacks its end mark."""
    if file.suffix != ".mcap" or file.stat().st_size < len(MCAP_MAGIC):
        return False
    with file.open("rb") as stream:
        start = stream.read(len(MCAP_MAGIC))
        stream.seek(-len(MCAP_MAGIC), 2)
        return start == MCAP_MAGIC and stream.read() != MCAP_MAGIC


def _line(error: BaseException) -> str:
    text = str(error) if isinstance(error, BagError | AnyReaderError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split()).rstrip(".")


def _remedy(path: Path, text: str) -> str:
    """The error of a recording with what to do about it."""
    if "Serialization format" in text:
        remedy = "write `serialization_format: cdr` for every topic in its metadata.yaml if the messages are CDR"
    elif "files are missing" in text:
        remedy = "copy them back, or allow a partial read"
    elif "database" in text or "sqlite" in text.lower():
        remedy = "repair the file with `sqlite3 FILE .recover`"
    elif "magic" in text:
        remedy = "it is not an MCAP file; check what recorded it"
    else:
        remedy = "check it with `ros2 bag info`, or record it again"
    return f"{path}: {text}; {remedy}"
