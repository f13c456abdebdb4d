# SPDX-License-Identifier: Apache-2.0
"""The tree of coordinate frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mm_nav.core.frames import TransformTree
from mm_nav.core.geometry import inverse, se2, se3
from mm_nav.errors import ConfigError

POSES = st.tuples(*[st.floats(-5, 5)] * 3, *[st.floats(-3, 3)] * 3).map(lambda v: se3(v[:3], v[3:]))


def test_a_mounting_is_looked_up_exactly_as_it_was_set():
    tree = TransformTree()
    T = se3((1, 2, 3), (0.1, 0.2, 0.3))
    tree.set("/base_link", "/lidar", T)
    np.testing.assert_array_equal(tree.lookup("base_link", "lidar"), T)
    np.testing.assert_allclose(tree.lookup("lidar", "base_link"), inverse(T), atol=1e-12)
    np.testing.assert_array_equal(tree.lookup("lidar", "lidar"), np.eye(4))


@given(poses=st.lists(POSES, min_size=5, max_size=5))
@settings(max_examples=50, deadline=None)
def test_ways_through_the_tree_agree(poses):
    tree = TransformTree()
    links = [("map", "odom"), ("odom", "base"), ("base", "mast"), ("mast", "camera"), ("base", "lidar")]
    for (parent, child), T in zip(links, poses, strict=True):
        tree.set(parent, child, T)
    names = tree.frames()
    for a in names:
        for b in names:
            there = tree.lookup(a, b)
            np.testing.assert_allclose(there @ tree.lookup(b, a), np.eye(4), atol=1e-9)
            np.testing.assert_allclose(there, tree.lookup(a, "map") @ tree.lookup("map", b), atol=1e-9)
    np.testing.assert_allclose(tree.lookup("base", "camera"), poses[2] @ poses[3], atol=1e-9)


def test_frames_that_are_not_connected_are_both_named():
    tree = TransformTree()
    tree.set("base_link", "lidar", np.eye(4))
    tree.set("other", "radar", np.eye(4))
    for source in ("radar", "unknown"):
        with pytest.raises(LookupError, match=f"no transform base_link <- {source}"):
            tree.lookup("base_link", source)
        assert not tree.has("base_link", source)
    assert tree.has("lidar", "base_link")


SHEARED, MIRRORED, ROW = np.eye(4), np.diag([1.0, 1, -1, 1]), np.eye(4)
SHEARED[0, 1], ROW[3, 0] = 0.1, 1.0


@pytest.mark.parametrize("T", [np.full((4, 4), np.nan), 2 * np.eye(4), np.zeros((4, 4)), SHEARED, MIRRORED, ROW, np.eye(3)])
@pytest.mark.fault("F05")
def test_what_is_no_rigid_motion_is_refused(T):
    tree = TransformTree()
    with pytest.raises(ConfigError, match=r"'base_link' <- 'lidar' .* check the calibration"):
        tree.set("base_link", "lidar", T)
    assert tree.frames() == []


@pytest.mark.fault("F04")
def test_a_second_parent_is_refused_and_the_first_is_kept():
    tree = TransformTree()
    tree.set("base_link", "lidar", np.eye(4))
    with pytest.raises(ConfigError, match="its parent is 'base_link' already"):
        tree.set("mast", "lidar", np.eye(4))
    assert tree.has("base_link", "lidar")


@pytest.mark.fault("F04")
def test_a_loop_is_refused():
    tree = TransformTree()
    tree.set("a", "b", np.eye(4))
    tree.set("b", "c", np.eye(4))
    with pytest.raises(ConfigError, match="'c' <- 'a' closes a loop"):
        tree.set("c", "a", np.eye(4))


@pytest.mark.parametrize(("parent", "child"), [("", "a"), ("a", "/"), ("a", "/a")])
def test_a_frame_needs_a_name_of_its_own(parent, child):
    with pytest.raises(ConfigError, match="name both"):
        TransformTree().set(parent, child, np.eye(4))


@pytest.mark.parametrize("moved", [se2(0.02, 0, 0), se2(0, 0, 0.02)])
@pytest.mark.fault("F04")
def test_a_static_transform_that_changes_is_refused_and_the_first_is_kept(moved):
    tree = TransformTree()
    tree.set("base_link", "lidar", np.eye(4))
    with pytest.raises(ConfigError, match="is static and changed by"):
        tree.set("base_link", "lidar", moved)
    np.testing.assert_array_equal(tree.lookup("base_link", "lidar"), np.eye(4))


def test_a_static_transform_may_be_repeated_and_stays_bit_for_bit():
    tree = TransformTree()
    tree.set("base_link", "lidar", np.eye(4))
    tree.set("base_link", "lidar", se2(0.001, 0, 0))
    np.testing.assert_array_equal(tree.lookup("base_link", "lidar"), np.eye(4))


def test_a_moving_transform_follows():
    tree = TransformTree()
    tree.set("odom", "base_link", np.eye(4), static=False)
    tree.set("odom", "base_link", se2(3, 0, 1), static=False)
    np.testing.assert_array_equal(tree.lookup("odom", "base_link"), se2(3, 0, 1))


def test_changing_the_given_matrix_later_changes_nothing():
    tree, T = TransformTree(), np.eye(4)
    tree.set("base_link", "lidar", T)
    T[0, 3] = 9.0
    assert tree.lookup("base_link", "lidar")[0, 3] == 0.0


def test_a_contradiction_is_refused_with_both_values():
    tree = TransformTree()
    tree.set("base_link", "lidar", se3((1.0, 0.0, 0.5)))
    with pytest.raises(ConfigError, match=r"from xyz \[1.0, 0.0, 0.5\] xyzw \[0.0, 0.0, 0.0, 1.0\] to xyz \[1.5, 0.0, 0.5\] xyzw \[0.0, 0.0, 0.0, 1.0\]"):
        tree.set("base_link", "lidar", se3((1.5, 0.0, 0.5)))
