# SPDX-License-Identifier: Apache-2.0
"""A look inside the torch network: gradients of the decision, and the attention that cells give to each sensor.

Only for bundles with weights.safetensors; ``explain`` needs neither weights nor torch. Tensors pass through here by their
own methods; torch itself stays in model, train and engine.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from mm_nav.core.config import ModelSpec
from mm_nav.core.types import FusionInput
from mm_nav.engine import Bundle
from mm_nav.engine.contract import batched, inputs_of

SENSORS = ("camera", "lidar", "radar")  # in the order of Sensed.masks_BS


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What the network's inside says of one frame.

    Attributes:
        camera: (N, H, W) largest gradient over a pixel's colours, of the cameras that are there. lidar: (Y, X) summed gradient over a cell's channels.
        attention: sensor -> (Y/8, X/8) share of attention that coarse cells gave to it; None in a network without.
    """

    camera: Float32[np.ndarray, "n h w"]
    lidar: Float32[np.ndarray, "y x"]
    attention: dict[str, Float32[np.ndarray, "qy qx"]] | None


def open_net(bundle: Bundle) -> Any | None:
    """The bundle's torch network in evaluation mode, None where it has no weights."""
    if "weights.safetensors" not in bundle.manifest["files"]:
        return None
    from mm_nav.engine.eager import load_net

    return load_net(bundle).eval().requires_grad_(False)


def look_inside(net: Any, x: FusionInput, spec: ModelSpec) -> Inside:
    """Gradients and attention of one frame with its memory."""
    tensors = {name: net.centers.new_tensor(array) for name, array in batched(x, inputs_of(spec)).items()}
    camera, lidar = saliency(net, tensors, bool(x.phrase_mask[0]))
    return Inside(camera=camera[x.camera_mask > 0], lidar=lidar, attention=attention(net, tensors, spec))


def saliency(net: Any, x: dict[str, Any], asked: bool) -> tuple[np.ndarray, np.ndarray]:
    """|d decision / d input| (Simonyan et al. 2014): pixels (N, H, W) and LiDAR cells (Y, X).

    The decision is the logit of the first phrase's highest cell (a probability has no slope where it is sure), or without
    a phrase the sum of waypoints.
    """
    pixels = x["camera_image"].clone().requires_grad_(True)
    cells = x["lidar_bev"].clone().requires_grad_(True)
    out = net(**(x | {"camera_image": pixels, "lidar_bev": cells}))
    decision = out["goal_map"][0, 0].max().clamp(1e-6, 1 - 1e-6).logit() if asked else out["waypoints"].sum()
    decision.backward()
    return pixels.grad[0].abs().amax(dim=1).numpy(), cells.grad[0].abs().sum(dim=0).numpy()


def attention(net: Any, x: dict[str, Any], spec: ModelSpec) -> dict[str, np.ndarray] | None:
    """Share of attention by sensor over coarse cells (Y/8, X/8); None if the network has no attention over sensors."""
    share = net.perceive(x).share_BQS
    if share is None:
        return None
    rows, columns = spec.grid.rows // 8, spec.grid.columns // 8
    return {sensor: share[0, :, i].reshape(rows, columns).numpy() for i, sensor in enumerate(SENSORS)}
