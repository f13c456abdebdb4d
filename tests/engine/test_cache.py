# SPDX-License-Identifier: Apache-2.0
"""Built engines: loaded only if they are ours, unaltered and fitting; built once, whole or not at all."""

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mm_nav.engine.cache import EngineCache, Key, cache_root, own_folder, telling
from mm_nav.errors import EngineError

PARTS = {"onnx": "a" * 64, "tensorrt": "10.3", "cuda": "12060", "driver": "12060", "gpu": "Orin sm87", "precision": "fp16", "cameras": "1"}


class Builder:
    """Counts how often it had to build; what it builds says for which key."""

    def __init__(self, result: bytes = b"plan") -> None:
        self.count, self.result = 0, result

    def __call__(self) -> bytes:
        self.count += 1
        return self.result


def load(data: bytes) -> str:
    """Stands for deserialising: refuses what is no plan."""
    if not data.startswith(b"plan"):
        raise EngineError("magic tag does not match")
    return data.decode()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EngineCache:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return EngineCache("tensorrt", "base")


def test_an_engine_is_built_once_and_then_found(cache: EngineCache) -> None:
    build = Builder()
    assert cache.obtain(Key(PARTS), build, load) == ("plan", True)
    assert EngineCache("tensorrt", "base").obtain(Key(PARTS), build, load) == ("plan", False)
    assert build.count == 1
    assert cache.path(Key(PARTS)).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("part", ["onnx", "tensorrt", "cuda", "driver", "gpu", "precision", "cameras"])
@pytest.mark.fault("E11")
def test_any_other_part_of_the_key_means_another_engine(cache: EngineCache, part: str) -> None:
    build = Builder()
    cache.obtain(Key(PARTS), build, load)
    assert cache.obtain(Key({**PARTS, part: "other"}), build, load)[1]
    assert build.count == 2


@pytest.mark.fault("E11")
def test_an_engine_of_an_older_library_is_kept_aside(cache: EngineCache) -> None:
    cache.obtain(Key(PARTS), Builder(), load)
    old = cache.path(Key(PARTS))
    cache.obtain(Key({**PARTS, "tensorrt": "10.9"}), Builder(), load)
    assert not old.exists()
    assert old.with_name(old.name + ".old").read_bytes() == b"plan"


def test_another_precision_stands_beside_the_first(cache: EngineCache) -> None:
    cache.obtain(Key(PARTS), Builder(), load)
    cache.obtain(Key({**PARTS, "precision": "f32"}), Builder(), load)
    assert cache.path(Key(PARTS)).exists()


@pytest.mark.fault("E11")
def test_an_engine_that_does_not_load_is_built_again_and_kept_aside(cache: EngineCache, caplog: pytest.LogCaptureFixture) -> None:
    path = cache.path(Key(PARTS))
    cache.obtain(Key(PARTS), Builder(b"foreign"), lambda data: data)
    with caplog.at_level(logging.WARNING, logger="mm_nav"):
        assert cache.obtain(Key(PARTS), Builder(), load) == ("plan", True)
    assert path.with_name(path.name + ".old").read_bytes() == b"foreign"
    assert "magic tag does not match" in caplog.text


@pytest.mark.fault("E15")
@pytest.mark.parametrize("spoil", ["bytes", "note", "no note", "mode", "link", "folder mode"])
def test_an_engine_that_somebody_may_have_put_there_is_never_loaded(cache: EngineCache, tmp_path: Path, spoil: str) -> None:
    key, path = Key(PARTS), cache.path(Key(PARTS))
    cache.obtain(key, Builder(b"plan first"), load)
    note = path.with_suffix(".json")
    if spoil == "bytes":
        path.write_bytes(b"plan evil")
    elif spoil == "note":
        note.write_text(json.dumps({**json.loads(note.read_text()), "key": {}}))
    elif spoil == "no note":
        note.unlink()
    elif spoil == "mode":
        path.chmod(0o666)
    elif spoil == "link":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        cache.folder.chmod(0o777)
        with pytest.raises(EngineError, match=r"may be written by others.*chmod go-w"):
            EngineCache("tensorrt", "base")
        return
    assert cache.obtain(key, Builder(b"plan second"), load) == ("plan second", True)


@pytest.mark.fault("E15")
def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "mm_nav").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EngineError, match="is a link"):
        own_folder("tensorrt")


@pytest.mark.fault("E14")
def test_two_builders_of_the_same_engine_take_turns_and_one_builds(cache: EngineCache) -> None:
    entered, build = threading.Event(), Builder()

    def slow() -> bytes:
        entered.set()
        return build()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: EngineCache("tensorrt", "base").obtain(Key(PARTS), slow, load), range(4)))
    assert build.count == 1
    assert sorted(built for _, built in found) == [False, False, False, True]
    assert entered.is_set()


@pytest.mark.fault("E14")
def test_a_build_that_fails_leaves_nothing_and_lets_the_next_one_in(cache: EngineCache) -> None:
    def fail() -> bytes:
        raise EngineError("no tactic for node conv_7")

    with pytest.raises(EngineError, match="no tactic for node conv_7"):
        cache.obtain(Key(PARTS), fail, load)
    assert [p.suffix for p in cache.folder.iterdir()] == [".lock"]
    assert cache.obtain(Key(PARTS), Builder(), load)[1]


def test_building_again_replaces_what_is_there(cache: EngineCache) -> None:
    cache.obtain(Key(PARTS), Builder(b"plan 1"), load)
    assert cache.obtain(Key(PARTS), Builder(b"plan 2"), load, again=True) == ("plan 2", True)
    assert cache.obtain(Key(PARTS), Builder(), load) == ("plan 2", False)


@pytest.mark.fault("E12")
def test_a_long_build_says_that_it_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    said = threading.Event()
    with telling("building", every_s=0.01, say=lambda text: said.set() if "building: 0 s so far" in text else None):
        assert said.wait(5)


def test_the_cache_lies_where_the_user_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "mm_nav"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the specification: to be ignored
    assert cache_root() == Path.home() / ".cache" / "mm_nav"
