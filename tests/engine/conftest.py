# SPDX-License-Identifier: Apache-2.0
"""Bundles to break: a constant graph sealed per test, and the real network, untrained, exported once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from mm_nav.core.types import FusionInput
from mm_nav.engine.bundle import Bundle, load_bundle, write_manifest
from mm_nav.engine.ort import OrtEngine
from tests.engine.networks import ENCODER, SPEC, constant_graph


@pytest.fixture
def sealed(tmp_path: Path) -> Callable[..., Path]:
    """Write a bundle around an ONNX graph: ``sealed(graph)``."""

    def build(graph: onnx.ModelProto | None = None, name: str = "fixed") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        onnx.save(constant_graph() if graph is None else graph, folder / "model.onnx")
        write_manifest(folder, spec=SPEC, text_encoder=ENCODER)
        return folder

    return build


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with the real network, untrained, in both formats."""
    import torch

    from mm_nav.model import build_net
    from mm_nav.train.export import save_bundle

    torch.manual_seed(0)
    net = build_net(SPEC, np.random.default_rng(0).normal(size=(len(SPEC.classes), SPEC.phrase_dim)).tolist())
    folder = tmp_path_factory.mktemp("bundles") / "untrained"
    save_bundle(net, SPEC, folder, name="untrained", training={}, metrics={}, text_encoder=ENCODER, card="")
    return folder


@pytest.fixture
def real_bundle(exported: Path, tmp_path: Path) -> Path:
    """A copy of ``exported`` that a test may break."""
    return Path(shutil.copytree(exported, tmp_path / "untrained"))


@pytest.fixture(scope="session")
def shipped() -> Bundle:
    """The bundle that drives by default."""
    return load_bundle("base")


@pytest.fixture(scope="session")
def driven_frames(shipped: Bundle) -> list[FusionInput]:
    """Three instants of a simulated robot with a mission, as the network is given them."""
    from mm_nav.engine.text import open_text_encoder
    from mm_nav.pipeline import Pipeline
    from mm_nav.sim.simulation import SimConfig, Simulation

    world = Simulation(SimConfig(seed=9100))
    pipeline = Pipeline(OrtEngine(shipped, 1), open_text_encoder(shipped), shipped.spec)
    frames = []
    for _ in range(3):
        seen = world.sense()
        for utterance in seen.heard:
            pipeline.command(utterance.text, utterance.stamp_ns)
        frames.append(pipeline.step(seen.frame()).fusion_input)
        world.step(0.5, 0.1, 0.4)
    return frames
