# SPDX-License-Identifier: Apache-2.0
"""The command line: verbs load only their own room, options are typed, errors are one line with exit status 2."""

import subprocess
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mm_nav import cli
from mm_nav.errors import BagError
from mm_nav.version import __version__


@dataclass(frozen=True, kw_only=True)
class StubConfig:
    """Options of a stub."""

    count: int = 3
    out: Path = Path("here")


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., int]], None]:
    """Make ``mm_nav stub`` (and "evaluate stub") call a function."""

    def install(function: Callable[..., int]) -> None:
        module = types.ModuleType("mm_nav.stub")
        module.main = function  # type: ignore[attr-defined]
        module.StubConfig = StubConfig  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "mm_nav.stub", module)
        monkeypatch.setitem(cli.VERBS, "stub", cli.Verb("mm_nav.stub", "a stub"))
        monkeypatch.setitem(cli.VERBS, "evaluate stub", cli.Verb("mm_nav.stub", "a stub", "StubConfig"))

    return install


def test_options_reach_the_room_with_their_types(room: Callable[..., None]) -> None:
    seen: list[StubConfig] = []

    def main(config: StubConfig) -> int:
        seen.append(config)
        return 1

    room(main)
    assert cli.main(["stub", "--count", "7", "--out", "there"]) == 1
    assert seen == [StubConfig(count=7, out=Path("there"))]
    assert cli.main(["evaluate", "stub"]) == 1
    assert seen[1] == StubConfig()


@pytest.mark.parametrize("words", [["--count", "many"], ["--cuont", "7"], ["stray"]])
def test_ill_typed_or_unknown_options_end_with_status_2(
    room: Callable[..., None], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    def main(config: StubConfig) -> int:
        raise AssertionError(config)

    room(main)
    with pytest.raises(SystemExit) as caught:
        cli.main(["stub", *words])
    assert caught.value.code == 2
    assert words[0] in "".join(capsys.readouterr())


def test_a_verb_that_takes_argv_gets_its_words_untouched(room: Callable[..., None]) -> None:
    seen: list[list[str]] = []

    def main(argv: list[str]) -> int:
        seen.append(argv)
        return 0

    room(main)
    assert cli.main(["stub", "sim.launch.xml", "world:=street", "--ros-args"]) == 0
    assert seen == [["sim.launch.xml", "world:=street", "--ros-args"]]


def test_an_error_on_purpose_is_one_line_and_status_2(
    room: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    def main(argv: list[str]) -> int:
        raise BagError(f"{argv[0]} is truncated;\nrecover it")

    room(main)
    assert cli.main(["stub", "run.mcap"]) == 2
    assert capsys.readouterr().err == "mm_nav: error: run.mcap is truncated; recover it\n"


def test_a_bug_keeps_its_traceback(room: Callable[..., None]) -> None:
    def main(argv: list[str]) -> int:
        raise ZeroDivisionError(argv)

    room(main)
    with pytest.raises(ZeroDivisionError):
        cli.main(["stub"])


def test_ctrl_c_ends_quietly(room: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    def main(argv: list[str]) -> int:
        raise KeyboardInterrupt

    room(main)
    assert cli.main(["stub"]) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("missing", "remedy"), [("rclpy.node", "mm_nav[ros]"), ("torch", "mm_nav[train]"), ("open3d", "mm_nav[sim]")]
)
def test_a_missing_library_is_named_with_what_to_install(
    room: Callable[..., None], capsys: pytest.CaptureFixture[str], missing: str, remedy: str
) -> None:
    def main(argv: list[str]) -> int:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    room(main)
    assert cli.main(["stub"]) == 2
    assert remedy in capsys.readouterr().err


def test_a_missing_module_of_our_own_is_a_bug(room: Callable[..., None]) -> None:
    def main(argv: list[str]) -> int:
        raise ModuleNotFoundError("No module named 'mm_nav.lost'", name="mm_nav.lost")

    room(main)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["stub"])


def test_a_misspelt_verb_gets_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["trian"]) == 2
    assert "unknown verb 'trian', did you mean 'train'" in capsys.readouterr().err


def test_help_lists_every_verb_but_the_hidden_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name, verb in cli.VERBS.items() if verb.summary)
    assert "  node" not in shown


def test_a_group_alone_lists_its_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate"]) == 2
    shown = capsys.readouterr().out
    assert "closed-loop" in shown
    assert "inspect" not in shown


@pytest.mark.parametrize("name", [n for n, v in cli.VERBS.items() if v.function == "main" and n != "up"])
def test_every_verb_explains_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([*name.split(), "--help"])
    assert caught.value.code == 0
    assert f"mm_nav {name}" in capsys.readouterr().out


def test_python_m_mm_nav_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mm_nav", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == f"mm_nav {__version__}\n"
