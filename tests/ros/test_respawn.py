# SPDX-License-Identifier: Apache-2.0
"""A node that keeps failing is started again later and later, and at last not at all."""

import pytest

from mm_nav.ros.respawn import MOST_FAILURES, STEADY_S, Respawn


@pytest.mark.fault("P16")
def test_it_waits_longer_from_failure_to_failure_and_then_gives_up_with_the_reason() -> None:
    lives = Respawn()
    waits = [lives.after(0.1) for _ in range(MOST_FAILURES)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0, None]
    said = lives.epitaph(2)
    assert f"ended {MOST_FAILURES} times within 10 s of its start, last with exit code 2" in said
    assert "mend what it says above, then start it again" in said


def test_a_node_that_ran_well_for_a_while_begins_with_the_shortest_wait_again() -> None:
    lives = Respawn()
    assert [lives.after(0.1) for _ in range(4)] == [1.0, 2.0, 4.0, 8.0]
    assert lives.after(STEADY_S + 1) == 1.0
    assert all(lives.after(STEADY_S + 1) == 1.0 for _ in range(100))


def test_the_delay_of_the_launch_file_is_kept_and_it_gives_up_all_the_same() -> None:
    lives = Respawn(delay_s=0.5)
    assert [lives.after(0.1) for _ in range(MOST_FAILURES)] == [*[0.5] * (MOST_FAILURES - 1), None]


def test_the_retries_of_the_launch_file_count_and_a_negative_number_is_for_ever() -> None:
    lives = Respawn(max_retries=2)
    assert [lives.after(100.0) for _ in range(3)] == [1.0, 1.0, None]
    assert lives.epitaph(0) == "given up: respawn_max_retries is 2, and it ended with exit code 0"
    for_ever = Respawn(delay_s=0.0, max_retries=-1)
    assert all(for_ever.after(0.1) == 0.0 for _ in range(100))
    assert Respawn(max_retries=0).after(0.1) is None
