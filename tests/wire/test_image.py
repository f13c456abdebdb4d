# SPDX-License-Identifier: Apache-2.0
"""Pictures and intrinsics."""

import array
import re
from contextlib import suppress

import cv2
import numpy as np
import pytest

from mm_nav.errors import MessageError
from mm_nav.wire import decode_camera_info, decode_compressed_image, decode_image
from mm_nav.wire.image import MAX_PIXELS

HEADER = {"stamp": {"sec": 3, "nanosec": 7}, "frame_id": "/camera_front"}
RGB = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def picture(encoding: str, pixels: np.ndarray) -> dict:
    height, width = pixels.shape[:2]
    data = pixels.reshape(-1)
    return {"header": HEADER, "height": height, "width": width, "encoding": encoding, "step": data.size // height,
            "is_bigendian": 0, "data": data}  # fmt: skip


ALPHA = np.full((2, 3, 1), 9, np.uint8)


@pytest.mark.parametrize(
    ("encoding", "pixels"),
    [
        ("rgb8", RGB), ("RGB8", RGB), ("bgr8", RGB[..., ::-1]), ("8UC3", RGB[..., ::-1]),
        ("rgba8", np.concatenate([RGB, ALPHA], axis=2)), ("bgra8", np.concatenate([RGB[..., ::-1], ALPHA], axis=2)),
    ],
)  # fmt: skip
def test_every_colour_encoding_becomes_the_same_rgb(message, encoding, pixels):
    image = decode_image(message(picture(encoding, pixels)))
    np.testing.assert_array_equal(image.rgb, RGB)
    assert image.rgb.flags.c_contiguous
    assert (image.stamp_ns, image.frame_id) == (3_000_000_007, "camera_front")


def test_a_grey_picture_has_three_equal_channels(message):
    image = decode_image(message(picture("mono8", RGB[..., 0])))
    np.testing.assert_array_equal(image.rgb, np.repeat(RGB[..., :1], 3, axis=2))


@pytest.mark.parametrize("kind", ["numpy", "array", "bytes"])
def test_any_container_of_bytes_is_read(message, kind):
    data = {"numpy": RGB.reshape(-1), "array": array.array("B", RGB.tobytes()), "bytes": RGB.tobytes()}[kind]
    np.testing.assert_array_equal(decode_image(message(picture("rgb8", RGB), data=data)).rgb, RGB)


@pytest.mark.fault("M16")
def test_padding_at_the_end_of_rows_is_left_out(message):
    padded = np.full((2, 16), 255, np.uint8)
    padded[:, :9] = RGB.reshape(2, 9)
    image = decode_image(message(picture("rgb8", RGB), step=16, data=padded.reshape(-1)))
    np.testing.assert_array_equal(image.rgb, RGB)


@pytest.mark.parametrize(
    ("changes", "reason", "says"),
    [
        ({"data": np.zeros(17, np.uint8)}, "short_data", "17 bytes, step 9 x height 2 needs 18"),
        ({"data": np.zeros(0, np.uint8)}, "short_data", "0 bytes"),
        ({"data": np.zeros(19, np.uint8)}, "bad_layout", "19 bytes"),
        ({"step": 8}, "bad_layout", "step 8"),
        ({"encoding": "32FC1"}, "bad_encoding", "'32FC1'"),
        ({"encoding": ""}, "bad_encoding", "publish one of"),
        ({"width": 0}, "empty_image", "0x2"),
        ({"width": 20000, "height": 20000, "step": 60000}, "too_large", str(MAX_PIXELS)),
        ({"header": {"stamp": {"sec": -1, "nanosec": 0}, "frame_id": "c"}}, "bad_stamp", "-1 s"),
    ],
)
@pytest.mark.fault("M15", "M16", "M19")
def test_a_broken_picture_is_refused_with_its_numbers(message, changes, reason, says):
    with pytest.raises(MessageError, match=re.escape(says)) as caught:
        decode_image(message(picture("rgb8", RGB), **changes))
    assert caught.value.reason == reason


def compressed(suffix: str, pixels: np.ndarray, **changes) -> dict:
    data = cv2.imencode(suffix, pixels[..., ::-1])[1].reshape(-1)
    return {"header": HEADER, "format": suffix[1:], "data": data, **changes}


SMOOTH = np.broadcast_to(np.array([200, 100, 30], np.uint8), (16, 24, 3))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_compressed_pictures_come_out_as_rgb(message, suffix):
    image = decode_compressed_image(message(compressed(suffix, SMOOTH)))
    assert image.rgb.shape == (16, 24, 3)
    assert np.abs(image.rgb.astype(int) - SMOOTH).max() <= 3


@pytest.mark.fault("M22")
def test_the_content_of_a_compressed_picture_counts_not_its_format(message):
    fields = compressed(".png", SMOOTH, format="rgb8; jpeg compressed bgr8")
    np.testing.assert_array_equal(decode_compressed_image(message(fields)).rgb, SMOOTH)


def test_zeros_after_a_jpeg_are_padding(message):
    fields = compressed(".jpg", SMOOTH)
    fields["data"] = np.concatenate([fields["data"], np.zeros(100, np.uint8)])
    assert decode_compressed_image(message(fields)).rgb.shape == (16, 24, 3)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.fault("M22")
def test_every_cut_of_a_compressed_picture_is_refused(message, suffix):
    fields = compressed(suffix, SMOOTH)
    for size in range(len(fields["data"])):
        with pytest.raises(MessageError, match=r"cut off|is no picture"):
            decode_compressed_image(message(fields, data=fields["data"][:size]))


@pytest.mark.fault("M22")
def test_a_decompression_bomb_is_refused_before_it_is_decoded(message):
    fields = compressed(".png", SMOOTH)
    fields["data"] = fields["data"].copy()
    fields["data"][16:24] = np.array([30000, 30000], ">u4").view(np.uint8)
    with pytest.raises(MessageError, match="30000x30000"):
        decode_compressed_image(message(fields))


@pytest.mark.fault("M22")
def test_noise_in_the_middle_of_a_compressed_picture_never_raises_anything_else(message):
    rng = np.random.default_rng(0)
    for suffix in (".png", ".jpg"):
        for _ in range(12):
            fields = compressed(suffix, SMOOTH)
            data = fields["data"].copy()
            at = rng.integers(8, len(data) - 8, 4)
            data[at] = rng.integers(0, 256, 4)
            with suppress(MessageError):
                assert decode_compressed_image(message(fields, data=data)).rgb.ndim == 3


def test_compressed_depth_is_no_picture(message):
    with pytest.raises(MessageError, match="16UC1; compressedDepth"):
        decode_compressed_image(message(compressed(".png", SMOOTH, format="16UC1; compressedDepth")))


INFO = {"header": HEADER, "width": 640, "height": 480, "distortion_model": "plumb_bob", "d": np.zeros(5),
        "k": np.array([500.0, 0, 320, 0, 500, 240, 0, 0, 1])}  # fmt: skip


def test_intrinsics_are_read_from_ros_2_and_ros_1_names(message):
    new = decode_camera_info(message(INFO))
    old = decode_camera_info(message({k.upper() if k in "dk" else k: v for k, v in INFO.items()}))
    assert (new.width, new.height, new.K[0, 0], new.D.shape) == (640, 480, 500.0, (5,))
    np.testing.assert_array_equal(new.K, old.K)


@pytest.mark.parametrize("changes", [{"k": np.zeros(9)}, {"k": np.full(9, np.nan)}, {"width": 0}, {"d": [np.inf]}])
@pytest.mark.fault("M21")
def test_an_uncalibrated_camera_is_refused(message, changes):
    with pytest.raises(MessageError, match="calibrate the camera"):
        decode_camera_info(message(INFO, **changes))


@pytest.mark.parametrize(
    ("model", "count"),
    [("plumb_bob", 5), ("plumb_bob", 4), ("rational_polynomial", 8), ("rational_polynomial", 14), ("thin_prism", 12), ("equidistant", 4), ("fisheye", 4)],
)
def test_every_usual_distortion_model_is_taken(message, model, count):
    found = decode_camera_info(message({**INFO, "distortion_model": model, "d": np.linspace(0.1, 0.2, count)}))
    assert (found.distortion_model, found.D.shape) == (model, (count,))


@pytest.mark.parametrize(("model", "count"), [("Kannala", 4), ("plumb_bob", 8), ("equidistant", 5), ("rational_polynomial", 5)])
def test_an_unknown_distortion_is_refused_with_those_that_are_known(message, model, count):
    with pytest.raises(MessageError, match=f"'{model}' with {count} numbers; known are plumb_bob"):
        decode_camera_info(message({**INFO, "distortion_model": model, "d": np.linspace(0.1, 0.2, count)}))


def test_a_distortion_of_zeros_is_none_whatever_its_name(message):
    assert not decode_camera_info(message({**INFO, "distortion_model": "none", "d": np.zeros(3)})).D.any()


def test_binning_and_region_of_interest_move_the_principal_point(message):
    """A pixel u of the whole picture is (u - x_offset) / binning of what is sent."""
    roi = {"x_offset": 100, "y_offset": 40, "width": 400, "height": 300, "do_rectify": False}
    found = decode_camera_info(message({**INFO, "roi": roi, "binning_x": 2, "binning_y": 4}))
    assert (found.width, found.height) == (200, 75)
    np.testing.assert_allclose(found.K, [[250, 0, (320 - 100) / 2], [0, 125, (240 - 40) / 4], [0, 0, 1]])


def test_rectified_pictures_follow_p_without_distortion(message):
    P = np.array([450.0, 0, 310, 7, 0, 450, 230, 0, 0, 0, 1, 0])
    fields = {**INFO, "d": np.array([0.3, 0, 0, 0, 0]), "p": P}
    assert decode_camera_info(message(fields)).K[0, 0] == 500.0
    found = decode_camera_info(message(fields), rectified=True)
    np.testing.assert_array_equal(found.K, [[450, 0, 310], [0, 450, 230], [0, 0, 1]])
    assert not found.D.any()
    assert decode_camera_info(message({**fields, "p": np.zeros(12)}), rectified=True).K[0, 0] == 500.0
