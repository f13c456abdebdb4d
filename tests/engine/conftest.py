# SPDX-License-Identifier: Apache-2.0
"""Bundles to break: a constant graph sealed per test, and the real network, untrained, exported once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

from mm_nav.engine.bundle import write_manifest
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
