# SPDX-License-Identifier: Apache-2.0
"""Where a stream of Rerun goes: a window, the browser, or a file. Starts the viewer, on this machine's own address only.

Rerun's ``serve_grpc`` and ``serve_web_viewer`` listen on every address of the machine and cannot be told otherwise; its
program can, so that one is started.
"""

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import rerun as rr

from mm_nav.errors import ConfigError
from mm_nav.viz.live import APPLICATION

_log = logging.getLogger(__name__)
HOST = "127.0.0.1"
WEB_PORT, DATA_PORT = 9090, 9876  # Rerun's own; others where they are taken
MEMORY = "512MiB"  # the oldest is forgotten above it
START_S, END_S, FLUSH_S, POLL_S = 30.0, 1.0, 1.0, 0.05
FOLLOW = "import ctypes,os,sys; ctypes.CDLL(None).prctl(1, 15); os.execv(sys.argv[1], sys.argv[1:])"  # it ends with who started it
WAYS = ("true", "auto", "native", "web")


@dataclass(slots=True, kw_only=True)
class Viewer:
    """A stream and the viewer that shows it. ``url`` is the page of a web viewer, '' otherwise."""

    stream: rr.RecordingStream
    url: str = ""
    told: str = ""  # where to look, for people
    process: "subprocess.Popen[bytes] | None" = None
    settings: Path | None = field(default=None, repr=False)

    def ended(self) -> bool:
        """Whether the window was closed, or the server is gone."""
        return self.process is not None and self.process.poll() is not None

    def close(self) -> None:
        """Write what waits, and end the viewer's server; a window stays until somebody closes it or this process ends."""
        if not self.ended():  # there is somebody who takes it
            try:
                self.stream.flush(timeout_sec=FLUSH_S)
                self.stream.disconnect()
            except RuntimeError as error:  # Rerun's word for a sink that went away, or that is too slow
                _log.warning("the viewer did not take the last of it: %s", error)
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(END_S)
        if self.settings is not None:
            shutil.rmtree(self.settings, ignore_errors=True)


def open_viewer(way: str, environment: Mapping[str, str] = os.environ) -> Viewer:
    """A stream into ``native``, ``web``, FILE.rrd, or (``true``, ``auto``) a window if there is a display, else the browser.

    Raises:
        ConfigError: the word is none of these, the file cannot be written, or the viewer does not start.
    """
    if way not in WAYS and not way.endswith(".rrd"):
        raise ConfigError(f"rerun is {way!r}; it must be true, native, web, or a file to record into that ends in .rrd")
    stream = rr.RecordingStream(APPLICATION)
    if way.endswith(".rrd"):
        path = Path(way)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("wb").close()
        except OSError as error:
            raise ConfigError(f"rerun cannot record into {way!r} ({error.strerror}); choose another file") from error
        stream.save(path)
        return Viewer(stream=stream, told=f"recording into {path}; open it with `rerun {path}`")
    window = way == "native" or (way != "web" and bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")))
    return _started(stream, window, environment)


def free_port(wanted: int) -> int:
    """``wanted`` if nobody listens there, else one that is free now."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ConfigError(f"no port is free on {HOST}; end some of the programs that listen there")


def _started(stream: rr.RecordingStream, window: bool, environment: Mapping[str, str]) -> Viewer:
    data, web = free_port(DATA_PORT), free_port(WEB_PORT)
    settings = Path(tempfile.mkdtemp(prefix="mm_nav_rerun_"))
    (settings / "rerun").mkdir()
    (settings / "rerun" / "analytics.json").write_text(json.dumps({"analytics_enabled": False, "analytics_id": "", "metadata": {}}), encoding="utf-8")
    options = ["--bind", HOST, "--port", str(data), "--server-memory-limit", MEMORY]
    options += ["--hide-welcome-screen", "--expect-data-soon"] if window else ["--serve-web", "--web-viewer-port", str(web)]
    words = [sys.executable, "-c", FOLLOW, str(_program()), *options] if sys.platform.startswith("linux") else [str(_program()), *options]
    process = subprocess.Popen(words, env={**environment, "XDG_CONFIG_HOME": str(settings)}, stdin=subprocess.DEVNULL,  # noqa: S603 - Rerun's own program
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)  # Ctrl-C is for us: we end it  # fmt: skip
    data_url = f"rerun+http://{HOST}:{data}/proxy"
    url = "" if window else f"http://{HOST}:{web}/?url={quote(data_url, safe='')}"
    viewer = Viewer(stream=stream, url=url, told="Rerun's window" if window else url, process=process, settings=settings)
    for port in (data,) if window else (data, web):
        if not _listens(port, process):
            viewer.close()
            raise ConfigError(f"Rerun's viewer did not start on port {port}; try `rerun {' '.join(options)}` by hand, or rerun:=FILE.rrd")
    stream.connect_grpc(data_url)
    return viewer


def _program() -> Path:
    """Rerun's program, which comes with rerun-sdk."""
    found = Path(rr.__file__).parent.parent / "rerun_cli" / "rerun"
    on_path = shutil.which("rerun")
    if not found.is_file() and on_path is None:
        raise ConfigError("the program `rerun` is not installed; pip install rerun-sdk")
    return found if found.is_file() else Path(str(on_path))


def _listens(port: int, process: "subprocess.Popen[bytes]") -> bool:
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s and process.poll() is None:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            if probe.connect_ex((HOST, port)) == 0:
                return True
        time.sleep(POLL_S)
    return False
