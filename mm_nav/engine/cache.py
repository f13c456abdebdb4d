# SPDX-License-Identifier: Apache-2.0
"""Files that a backend builds for this very machine: kept in our own cache folder, trusted only there, built once.

A built engine is native code, so one is loaded only if it lies below our folder, belongs to us, nobody else may write
there, and its bytes are those that we wrote. Whoever builds holds a lock; what it built appears whole or not at all.
What is too old for its key, or does not load, is set aside and built again. Knows no backend: the builder is a function.
"""

import fcntl
import hashlib
import json
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mm_nav.errors import EngineError

PROGRESS_S = 10.0
T = TypeVar("T")
log = logging.getLogger(__name__)


def cache_root() -> Path:
    """``$XDG_CACHE_HOME/mm_nav``, or ``~/.cache/mm_nav`` (XDG Base Directory Specification)."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "mm_nav"


def own_folder(name: str) -> Path:
    """A folder of ours below the cache root, made if need be.

    Raises:
        EngineError: it cannot be made, belongs to somebody else, or others may write there.
    """
    folder = cache_root() / name
    try:
        cache_root().parent.mkdir(parents=True, exist_ok=True)
        for place in (cache_root(), folder):
            place.mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise EngineError(f"cache folder {folder} cannot be made ({error}); set XDG_CACHE_HOME to a folder you may write") from error
    for place in (cache_root(), folder):
        check_ours(place)
    return folder


def check_ours(path: Path) -> None:
    """Refuse a file or folder that somebody else could have put there.

    Raises:
        EngineError: a link, another owner, or writable by group or others; the text has the command that mends it.
    """
    try:
        found = path.lstat()
    except OSError as error:
        raise EngineError(f"{path} cannot be examined ({error}); delete it") from error
    if stat.S_ISLNK(found.st_mode):
        raise EngineError(f"{path} is a link, and built engines are loaded from our own folder only; rm {path}")
    if found.st_uid != os.getuid():
        raise EngineError(f"{path} belongs to user {found.st_uid}, not to us ({os.getuid()}); remove it, or set XDG_CACHE_HOME")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise EngineError(f"{path} may be written by others (mode {stat.S_IMODE(found.st_mode):o}); chmod go-w {path}")


@dataclass(frozen=True, slots=True)
class Key:
    """What a built engine fits: the parts by name (onnx sha256, versions, GPU, precision); all must be the same."""

    parts: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Hex sha256 over the parts."""
        return hashlib.sha256(json.dumps(dict(self.parts), sort_keys=True).encode()).hexdigest()


class EngineCache:
    """Built engines of one backend, ``NAME-DIGEST.engine`` with ``….json`` beside it.

    Args:
        backend: names the folder.
        name: of the bundle; older engines of the same name with another key are set aside when a new one is built.
    """

    def __init__(self, backend: str, name: str) -> None:
        self.folder = own_folder(backend)
        self.name = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)

    def path(self, key: Key) -> Path:
        """Where the engine of this key lies, built or not."""
        return self.folder / f"{self.name}-{key.digest[:32]}.engine"

    def obtain(self, key: Key, build: Callable[[], bytes], load: Callable[[bytes], T], *, again: bool = False) -> tuple[T, bool]:
        """The loaded engine, and whether it was built just now.

        Args:
            build: makes the serialised engine; its errors go to the caller.
            load: deserialises; an EngineError of it about a cached file means that the file is stale.
            again: build even if there is one.

        Raises:
            EngineError: what ``build`` raised, or what ``load`` raised about a fresh engine.
        """
        path = self.path(key)
        with _locked(path.with_suffix(".lock")):
            if not again:
                for data in self._trusted(path, key):
                    try:
                        return load(data), False
                    except EngineError as error:
                        self._set_aside(path, f"does not load ({error})")
            data = build()
            engine = load(data)
            self._store(path, key, data)
            return engine, True

    def _trusted(self, path: Path, key: Key) -> Iterator[bytes]:
        """The bytes of a cached engine that we wrote and nobody altered, if there is one."""
        note = path.with_suffix(".json")
        if not path.exists() and not path.is_symlink():
            return
        try:
            check_ours(path)
            check_ours(note)
            written = json.loads(note.read_text(encoding="utf-8"))
            data = path.read_bytes()
        except (EngineError, OSError, ValueError) as error:
            self._set_aside(path, str(error))
            return
        if written.get("key") != dict(key.parts):
            self._set_aside(path, "was built for something else")
        elif written.get("sha256") != hashlib.sha256(data).hexdigest():
            self._set_aside(path, "was altered after it was built")
        else:
            yield data

    def _store(self, path: Path, key: Key, data: bytes) -> None:
        """Write both files whole, and set aside engines of this bundle that no longer fit."""
        note = {"key": dict(key.parts), "sha256": hashlib.sha256(data).hexdigest()}
        try:
            write_whole(path.with_suffix(".json"), json.dumps(note, indent=2).encode())
            write_whole(path, data)
        except OSError as error:
            log.warning("%s could not be kept (%s); it will be built again next time", path, str(error))
            return
        for other in self.folder.glob(f"{self.name}-*.engine"):
            if other != path and self._superseded(other, key):
                self._set_aside(other, "is of an older bundle, library or driver")

    @staticmethod
    def _superseded(other: Path, key: Key) -> bool:
        """Whether another engine differs in more than what may stand side by side: precision and number of cameras."""
        try:
            parts = json.loads(other.with_suffix(".json").read_text(encoding="utf-8"))["key"]
        except (OSError, ValueError, KeyError):
            return True
        beside = {"precision", "cameras", "gpu"}
        return {k: v for k, v in parts.items() if k not in beside} != {k: v for k, v in key.parts.items() if k not in beside}

    @staticmethod
    def _set_aside(path: Path, reason: str) -> None:
        """Keep the file under another name, so that somebody can look at it; it is never loaded again."""
        log.warning("built engine %s %s; it is kept as %s.old and built again", path, reason, path.name)
        try:
            path.replace(path.with_name(path.name + ".old"))
        except OSError as error:
            raise EngineError(f"{path} {reason} and cannot be moved away ({error}); delete it") from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One builder at a time; a process that dies lets go. Others say every ten seconds that they wait."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with telling(f"waiting for another process that builds {path.stem}"):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def telling(text: str, every_s: float = PROGRESS_S, say: Callable[[str], None] | None = None) -> Iterator[None]:
    """While the block runs, say every so often that it still does and how long it took so far."""
    done, start = threading.Event(), time.monotonic()

    def tell() -> None:
        while not done.wait(every_s):
            (say or log.info)(f"{text}: {time.monotonic() - start:.0f} s so far")

    speaker = threading.Thread(target=tell, daemon=True, name="progress")
    speaker.start()
    try:
        yield
    finally:
        done.set()
        speaker.join()


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that only we may change; it appears whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
