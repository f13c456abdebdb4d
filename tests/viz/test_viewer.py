# SPDX-License-Identifier: Apache-2.0
"""Where Rerun's stream goes: a file, or a server that this machine alone can reach."""

import socket
from pathlib import Path
from urllib.request import urlopen

import pytest

from mm_nav.errors import ConfigError

pytest.importorskip("rerun", reason="rerun-sdk is not installed; pip install 'mm_nav[viz]'")

from mm_nav.viz import viewer
from tests.viz.recorded import rows


def listening() -> set[tuple[str, int]]:
    """Addresses and ports that somebody listens at, as Linux shows them."""
    found = set()
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        if state == "0A":
            address, port = local.split(":")
            found.add((socket.inet_ntoa(bytes.fromhex(address)[::-1]), int(port, 16)))
    return found


def test_a_file_records_what_is_logged(tmp_path: Path) -> None:
    import rerun as rr

    opened = viewer.open_viewer(str(tmp_path / "new" / "drive.rrd"))
    opened.stream.log("a", rr.TextLog("hello"))
    opened.close()
    assert rows(tmp_path / "new" / "drive.rrd")["/a"][0]["text"] == ["hello"]
    assert "drive.rrd" in opened.told


@pytest.mark.parametrize("way", ["yes", "drive.mp4", "native "])
def test_another_word_is_refused_with_what_there_is(way: str) -> None:
    with pytest.raises(ConfigError, match=r"native, web, or a file"):
        viewer.open_viewer(way)


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="choose another file"):
        viewer.open_viewer(str(tmp_path / "file" / "x.rrd"))


def test_without_a_display_a_browser_is_served_on_this_machine_alone_until_it_is_closed() -> None:
    before = listening()
    opened = viewer.open_viewer("true", {"PATH": "/usr/bin:/bin"})
    try:
        assert opened.url.startswith("http://127.0.0.1:")
        new = {at for at in listening() - before if str(at[1]) in opened.url}
        assert {address for address, _ in new} == {"127.0.0.1"}
        assert len(new) == 2  # the page, and the data for it
        page = opened.url.partition("?")[0]
        assert b"<canvas" in urlopen(page, timeout=30).read()  # noqa: S310 - our own server
        assert not opened.ended()
    finally:
        opened.close()
    assert opened.ended()
    assert opened.settings is not None
    assert not opened.settings.exists()


def test_a_port_that_is_taken_is_not_chosen() -> None:
    with socket.socket() as taken:
        taken.bind((viewer.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert viewer.free_port(port) != port
    assert viewer.free_port(port) == port
