# SPDX-License-Identifier: Apache-2.0
"""``mm_nav build-engine BUNDLE``: build what a backend needs on this machine ahead, so that no robot waits for it at start.

The node builds the same way when it is configured; whichever comes first, the other finds it in the cache.
"""

import logging
import time
from dataclasses import dataclass
from typing import Annotated, Literal

import tyro
from rich.console import Console

from mm_nav.engine import choose_engine, load_bundle
from mm_nav.engine.cache import cache_root, telling
from mm_nav.engine.contract import blank

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class BuildConfig:
    """For which bundle, backend and precision."""

    bundle: Annotated[str, tyro.conf.Positional] = "base"
    """A folder, or the name of a bundle that came with the package."""
    backend: Literal["auto", "trt", "ort-tensorrt", "ort-rtx", "openvino"] = "auto"
    """auto: what the node would take."""
    precision: Literal["auto", "f32", "bf16", "fp16", "int8", "int8-signed"] = "auto"
    """auto: the fastest that the bundle's manifest proves."""
    cameras: tuple[int, ...] = (1,)
    """Numbers of cameras to build for; another number builds when it turns up."""


def main(config: BuildConfig) -> int:
    """Build, or find it built, and say how long it took."""
    bundle = load_bundle(config.bundle)
    start = time.monotonic()
    with telling(f"building for {bundle.name}"):
        chosen = choose_engine(bundle, config.backend, precision=config.precision)
        for cameras in config.cameras:
            chosen.engine.run(blank(bundle.spec, cameras))
    Console().print(f"{bundle.name} is ready on {chosen.engine.name} for {', '.join(map(str, config.cameras))} camera(s) after "
                    f"{time.monotonic() - start:.1f} s, kept in {cache_root()}; {chosen.why}", highlight=False)  # fmt: skip
    return 0
