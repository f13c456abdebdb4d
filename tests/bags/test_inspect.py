# SPDX-License-Identifier: Apache-2.0
"""What ``mm_nav inspect`` prints."""

import pytest

from mm_nav import wire
from mm_nav.bags.inspect import InspectConfig, main
from mm_nav.bags.writer import BagWriter
from mm_nav.core.types import Velocity
from mm_nav.errors import BagError


def test_each_topic_is_shown_with_what_it_is_used_as(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    with BagWriter(tmp_path / "bag") as writer:
        for i in range(3):
            writer.write("command", wire.encode_string("go"), i * 500_000_000)
            writer.write("cmd_vel", wire.encode_velocity(Velocity(linear=0.0, angular=0.0), 5, True), i * 500_000_000)
    assert main(InspectConfig(path=tmp_path / "bag")) == 0
    lines = capsys.readouterr().out.splitlines()
    command = next(line for line in lines if "/command" in line)
    assert "std_msgs/msg/String" in command
    assert "2.0 Hz" in command
    assert "command command" in command
    velocity = next(line for line in lines if "/cmd_vel" in line)
    assert "base_link" in velocity
    assert "not used: geometry_msgs/msg/TwistStamped is not read" in velocity


def test_what_is_no_recording_is_an_error(tmp_path):
    with pytest.raises(BagError, match="holds no"):
        main(InspectConfig(path=tmp_path))
