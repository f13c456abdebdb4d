# SPDX-License-Identifier: Apache-2.0
"""A network that does not fit into memory is refused with both figures, before the kernel ends the process."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mm_nav.engine import bundle as bundles
from mm_nav.engine import open_engine, room
from mm_nav.errors import EngineError

MB = 1_000_000


@pytest.fixture
def big(tmp_path: Path) -> Any:
    """A bundle with a network of 200 MB, which takes no room on the disk."""
    for name in (bundles.ONNX_NAME, bundles.WEIGHTS_NAME):
        with (tmp_path / name).open("wb") as file:
            file.truncate(200 * MB)
    return SimpleNamespace(name="big", path=tmp_path)


@pytest.mark.fault("G02")
@pytest.mark.parametrize("backend", ["auto", "ort", "eager"])
def test_too_little_memory_is_refused_with_what_is_needed_and_what_is_free(big: Any, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free_bytes", lambda: 512 * MB)
    with pytest.raises(EngineError, match=r"'big' needs about 900 MB of memory and 512 MB are free; end other programs"):
        open_engine(big, backend)


@pytest.mark.fault("G02")
def test_memory_that_ends_while_loading_is_one_line_too(big: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(room, "free_bytes", lambda: None)
    monkeypatch.setattr("mm_nav.engine.importlib.import_module", lambda _: SimpleNamespace(open_backend=load))
    with pytest.raises(EngineError, match="not enough memory for bundle 'big'"):
        open_engine(big, "ort")


def test_the_machine_and_the_container_both_limit(tmp_path: Path) -> None:
    memory = tmp_path / "meminfo"
    assert room.free_bytes(memory, tmp_path) is None
    memory.write_text("MemTotal: 4000 kB\nMemAvailable: 3000 kB\n")
    assert room.free_bytes(memory, tmp_path) == 3000 * 1024
    for name, text in (("memory.max", "max\n"), ("memory.current", "900000\n"), ("memory.stat", "anon 5\ninactive_file 100000\n")):
        (tmp_path / name).write_text(text)
    assert room.free_bytes(memory, tmp_path) == 3000 * 1024
    (tmp_path / "memory.max").write_text("1000000\n")
    assert room.free_bytes(memory, tmp_path) == 200_000


def test_this_machine_says_what_is_free() -> None:
    if not room.MEMORY.is_file():
        pytest.skip(f"no {room.MEMORY} here")
    free = room.free_bytes()
    assert free is not None
    assert free > 0
