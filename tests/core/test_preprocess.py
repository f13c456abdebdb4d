# SPDX-License-Identifier: Apache-2.0
"""Network inputs against slow, independent computations."""

import cv2
import numpy as np
import pytest

from mm_nav.core.config import ModelSpec
from mm_nav.core.geometry import inverse, se3
from mm_nav.core.preprocess import OUTSIDE, preprocess
from mm_nav.core.types import CameraImage, CameraModel, CameraView, Odometry, PointCloud, PosedCloud, SensorFrame

SPEC = ModelSpec()
OPTICAL = np.array([[0.0, 0, 1, 0.1], [-1, 0, 0, 0], [0, -1, 0, 0.7], [0, 0, 0, 1]])


def cloud(xyz: np.ndarray, velocity: float = np.nan, T: np.ndarray | None = None) -> PosedCloud:
    n = len(xyz)
    points = PointCloud(stamp_ns=0, frame_id="s", xyz=xyz.astype(np.float32), intensity=np.full(n, 0.5, np.float32),
                        velocity=np.full(n, velocity, np.float32))  # fmt: skip
    return PosedCloud(name="s", cloud=points, T_base_sensor=np.eye(4) if T is None else T)


def camera(D: np.ndarray | None = None, model: str = "plumb_bob") -> CameraView:
    K = np.array([[200.0, 0, 256], [0, 200, 128], [0, 0, 1]])
    image = CameraImage(stamp_ns=0, frame_id="c", rgb=np.full((256, 512, 3), (10, 20, 30), np.uint8))
    intrinsics = CameraModel(frame_id="c", width=512, height=256, K=K, distortion_model=model,
                             D=np.zeros(0) if D is None else D)  # fmt: skip
    return CameraView(name="front", image=image, model=intrinsics, T_base_cam=OPTICAL)


def test_a_frame_without_sensors_gives_fixed_shapes_and_zero_masks() -> None:
    x = preprocess(SensorFrame(stamp_ns=0), SPEC)
    assert x.camera_image.shape == (1, 3, SPEC.image_height, SPEC.image_width)
    assert (x.camera_grid == OUTSIDE).all()
    masks = [x.camera_mask, x.lidar_mask, x.radar_mask, x.phrase_mask, x.ego]
    assert not any(m.any() for m in masks)


def test_pillars_equal_a_plain_python_count() -> None:
    rng = np.random.default_rng(1)
    xyz = rng.uniform([-8, -11, -1], [14, 11, 3], (3000, 3)).astype(np.float32)
    T = se3((0.3, -0.2, 0.5), (0.02, -0.03, 0.7))
    bev = preprocess(SensorFrame(stamp_ns=0, lidars=(cloud(xyz, T=T),)), SPEC).lidar_bev
    counts: dict[tuple[int, int], list[float]] = {}
    for p in xyz.astype(float):
        x, y, z = (T @ [*p, 1])[:3]
        c, r = int(np.floor((x + 6.4) / 0.2)), int(np.floor((y + 9.6) / 0.2))
        if -0.4 <= z < 2.2 and 0 <= c < 96 and 0 <= r < 96:
            counts.setdefault((r, c), []).append(z)
    got = np.expm1(bev[0])
    assert abs(got.sum() - sum(map(len, counts.values()))) <= 2  # float32 at cell borders
    agree = [np.isclose(bev[1][k], max(v), atol=1e-3) and np.isclose(bev[2][k], min(v), atol=1e-3) for k, v in counts.items()]
    assert np.mean(agree) > 0.995


def test_cells_behind_an_obstacle_are_not_visible_and_cells_before_it_are() -> None:
    wall = np.stack([np.full(400, 4.0), np.linspace(-2, 2, 400), np.full(400, 0.5)], 1)
    bev = preprocess(SensorFrame(stamp_ns=0, lidars=(cloud(wall),)), SPEC).lidar_bev
    row = 48  # y = 0.1
    assert bev[8][row, int((2 + 6.4) / 0.2)] == 1
    assert bev[8][row, int((6 + 6.4) / 0.2)] == 0


def test_each_lift_cell_points_at_the_pixel_it_projects_to() -> None:
    grid = preprocess(SensorFrame(stamp_ns=0, cameras=(camera(),)), SPEC).camera_grid[0]
    row, column, level = 50, 60, 1
    y, x = -9.6 + 50.5 * 0.2, -6.4 + 60.5 * 0.2
    p = inverse(OPTICAL) @ [x, y, SPEC.lift_heights[level], 1]
    u, v = 200 * p[0] / p[2] + 256, 200 * p[1] / p[2] + 128
    got = grid[level * 96 + row, column]
    np.testing.assert_allclose((got + 1) / 2 * [512, 256] - 0.5, [u, v], atol=1e-3)
    assert (grid[:96, :31] == OUTSIDE).all()  # behind the camera


@pytest.mark.parametrize(("model", "D"), [("plumb_bob", [-0.2, 0.05, 0.001, -0.002, 0.0]), ("equidistant", [0.01, -0.02, 0.003, 0.0])])
def test_distortion_follows_opencv(model: str, D: list[float]) -> None:
    d = np.array(D)
    view = camera(d, model)
    grid = preprocess(SensorFrame(stamp_ns=0, cameras=(view,)), SPEC).camera_grid[0]
    y, x = -9.6 + 50.5 * 0.2, -6.4 + 62.5 * 0.2
    p = (inverse(OPTICAL) @ [x, y, SPEC.lift_heights[0], 1])[:3]
    project = cv2.fisheye.projectPoints if model == "equidistant" else cv2.projectPoints
    want = project(p.reshape(1, 1, 3), np.zeros(3), np.zeros(3), view.model.K, d)[0].ravel()
    np.testing.assert_allclose((grid[50, 62] + 1) / 2 * [512, 256] - 0.5, want, atol=1e-2)


def test_radar_speed_over_ground_is_zero_for_what_stands_still() -> None:
    odometry = Odometry(stamp_ns=0, frame_id="odom", child_frame_id="base_link", T_odom_base=np.eye(4),
                        linear=np.array([2.0, 0, 0]), angular=np.zeros(3))  # fmt: skip
    ahead = cloud(np.array([[5.1, 0.1, 0]]), velocity=-2.0)
    bev = preprocess(SensorFrame(stamp_ns=0, radars=(ahead,), odometry=odometry), SPEC).radar_bev
    cell = (48, int((5.1 + 6.4) / 0.2))
    assert bev[0][cell] > 0
    assert abs(bev[3][cell]) < 0.01
    without = preprocess(SensorFrame(stamp_ns=0, radars=(ahead,)), SPEC).radar_bev
    assert without[3][cell] == pytest.approx(2, abs=0.01)


def test_a_picture_is_shrunk_not_cropped() -> None:
    x = preprocess(SensorFrame(stamp_ns=0, cameras=(camera(),)), SPEC)
    assert (x.camera_image[0].reshape(3, -1).T == [10, 20, 30]).all()
