# SPDX-License-Identifier: Apache-2.0
"""``mm_nav train`` from bags to a bundle that drives, resume after a kill, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training extra not installed: pip install mm_nav[train]")
pytest.importorskip("open3d", reason="simulator extra not installed: pip install mm_nav[sim]", exc_type=ImportError)

from mm_nav.engine import load_bundle, open_engine  # noqa: E402
from mm_nav.errors import BagError, ConfigError  # noqa: E402
from mm_nav.sim.rollout import SimulateConfig  # noqa: E402
from mm_nav.sim.rollout import main as simulate  # noqa: E402
from mm_nav.train import run  # noqa: E402
from mm_nav.train.config import TrainConfig  # noqa: E402
from mm_nav.train.export import example  # noqa: E402

SMALL = {"model": "tiny", "batch_size": 4, "epochs": 2, "validation_share": 0.5, "loaders": 0, "workers": 1, "precision": "32-true"}


@pytest.fixture(scope="session")
def bags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short drives with ground truth."""
    out = tmp_path_factory.mktemp("train") / "bags"
    assert simulate(SimulateConfig(out=out, scenarios=2, seed=70, rate_hz=2.0, max_seconds=5.0, workers=1)) == 0
    return out


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def bundle(bags: Path, cache: Path) -> Path:
    """Trained once for all tests of this file."""
    out = cache / "small"
    assert run.main(TrainConfig(bags=(bags,), out=out, cache=cache, **SMALL)) == 0
    return out


def test_bags_become_a_verified_bundle_with_its_seeds_and_a_card(bundle: Path) -> None:
    loaded = load_bundle(bundle)
    assert loaded.manifest["training"]["seeds"] == [70, 71]
    assert 0 < loaded.manifest["metrics"]["held_out_score"] < 1
    assert "simulator seeds 70 to 71" in (bundle / "README.md").read_text()
    out = open_engine(loaded, "ort").run(example(loaded.spec, 1, 0))
    assert np.isfinite(out.occupancy).all()


def test_adapters_train_few_weights_and_end_as_plain_weights(bags: Path, cache: Path, bundle: Path) -> None:
    out = cache / "adapted"
    assert run.main(TrainConfig(bags=(bags,), out=out, cache=cache, recipe="adapters", base=bundle, **SMALL)) == 0
    before, after = load_bundle(bundle), load_bundle(out)
    assert after.spec == before.spec
    a, b = (run.load_net(x).state_dict() for x in (before, after))
    assert set(a) == set(b)
    assert any(not torch.equal(a[k], b[k]) for k in a if k.endswith("weight"))
    assert all(torch.equal(a[k], b[k]) for k in a if "running" in k)


def test_transfer_leaves_the_encoders_as_they_were(bags: Path, cache: Path, bundle: Path) -> None:
    out = cache / "transferred"
    assert run.main(TrainConfig(bags=(bags,), out=out, cache=cache, recipe="transfer", base=bundle, **SMALL)) == 0
    a, b = (run.load_net(load_bundle(x)).state_dict() for x in (bundle, out))
    changed = {k.split(".")[0] for k in a if not torch.equal(a[k], b[k])}
    assert changed
    assert not changed & {"image", "lift", "lidar", "radar"}


def test_self_supervision_uses_no_goal_label(bags: Path, cache: Path) -> None:
    out = cache / "unlabelled"
    assert run.main(TrainConfig(bags=(bags,), out=out, cache=cache, recipe="self_supervised", **SMALL)) == 0
    torch.manual_seed(0)
    trained = run.load_net(load_bundle(out)).state_dict()
    assert trained["phrase.layers.2.bias"].abs().max() > 0  # it was built, and nothing has moved it but decay:
    scale, bias = trained["scale"], trained["bias"]
    assert (float(scale), float(bias)) == (10.0, -6.0)


def test_a_search_keeps_the_best_trial_and_goes_on_with_its_count(bags: Path, tmp_path: Path) -> None:
    import optuna

    words = {**SMALL, "epochs": 1, "recipe": "search", "cache": tmp_path, "out": tmp_path / "found"}
    assert run.main(TrainConfig(bags=(bags,), trials=2, **words)) == 0
    assert run.main(TrainConfig(bags=(bags,), trials=3, **words)) == 0
    (study,) = optuna.get_all_study_names(f"sqlite:///{tmp_path / 'search.db'}")
    trials = optuna.load_study(study_name=study, storage=f"sqlite:///{tmp_path / 'search.db'}").trials
    assert len(trials) == 3
    best = max((t for t in trials if t.value is not None), key=lambda t: t.value)
    bundle = load_bundle(tmp_path / "found").manifest
    assert bundle["training"]["config"]["lr"] == best.params["lr"]
    assert bundle["training"]["config"]["recipe"] == "scratch"
    assert bundle["metrics"]["held_out_score"] == pytest.approx(best.value, abs=0.02)  # weights were rounded in between


def epochs_of(folder: Path) -> list[float]:
    """Training loss of each epoch, from TensorBoard's files."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return [e.value for e in events.Scalars("train/loss_epoch")]


def command(bags: Path, cache: Path) -> list[str]:
    return [sys.executable, "-m", "mm_nav", "train", str(bags), "--out", str(cache / "run"), "--cache", str(cache), "--model", "tiny",
            "--batch-size", "4", "--epochs", "4", "--validation-share", "0.5", "--loaders", "1", "--workers", "1", "--precision", "32-true"]  # fmt: skip


def test_a_killed_training_goes_on_to_the_same_loss(bags: Path, tmp_path: Path) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    subprocess.run(command(bags, straight), check=True, capture_output=True, timeout=300)
    process = subprocess.Popen(command(bags, killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 200
    while not list(killed.glob("runs/*/last.ckpt")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it had ended before it could be killed"
    assert not (killed / "run").exists()
    subprocess.run(command(bags, killed), check=True, capture_output=True, timeout=300)
    whole = epochs_of(next(straight.glob("runs/*")))
    resumed = epochs_of(sorted(killed.glob("runs/*/events*"))[-1])
    assert 0 < len(resumed) < len(whole) == 4  # it began where the first had saved, not anew
    assert resumed == pytest.approx(whole[-len(resumed) :], rel=0.02)
    assert load_bundle(killed / "run").manifest["training"]["frames"] == load_bundle(straight / "run").manifest["training"]["frames"]


def test_what_cannot_be_trained_is_refused_with_the_remedy(bags: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(BagError, match="no bag in it"):
        run.main(TrainConfig(bags=(tmp_path / "nothing",), out=tmp_path / "x", **SMALL))
    with pytest.raises(ConfigError, match="--base"):
        run.main(TrainConfig(bags=(bags,), out=tmp_path / "x", recipe="adapters"))
    with pytest.raises(ConfigError, match=r"--sensors names none"):
        run.main(TrainConfig(bags=(bags,), out=tmp_path / "x", sensors=()))
    with pytest.raises(ConfigError, match=r"--no-memory builds another network"):
        run.main(TrainConfig(bags=(bags,), out=tmp_path / "x", memory=False, base=tmp_path))
    with pytest.raises(ConfigError, match=r"search trains on one device"):
        run.main(TrainConfig(bags=(bags,), out=tmp_path / "x", recipe="search", nodes=2))
    with pytest.raises(ConfigError, match=r"--epochs 0"):
        run.main(TrainConfig(bags=(bags,), out=tmp_path / "x", epochs=0))
    assert not (tmp_path / "x").exists()


def test_scenes_are_never_split_between_training_and_validation(bags: Path) -> None:
    parts = run.split([Path(str(i)) for i in range(40)], 0.1)
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (32, 4, 4)
    assert len({*parts.train, *parts.validation, *parts.test}) == 40
    few = run.split([Path(str(i)) for i in range(5)], 0.2)
    assert few.validation == few.test
    assert not set(few.train) & set(few.test)
    assert run.split([Path("alone")], 0.1).by_time
    assert json.loads((bags / "scenarios.json").read_text())["scenarios"]


def test_two_processes_train_like_one_with_the_same_global_batch(bags: Path, tmp_path: Path) -> None:
    """Batch norm and contrastive terms see half a batch each; all other means are over the whole batch."""
    losses = []
    for devices in ("1", "2"):
        cache = tmp_path / devices
        subprocess.run([*command(bags, cache), "--devices", devices], check=True, capture_output=True, timeout=300)
        losses.append(epochs_of(next(cache.glob("runs/*"))))
        assert load_bundle(cache / "run").manifest["metrics"]["held_out_score"] > 0
    assert losses[1][0] == pytest.approx(losses[0][0], rel=0.1)
    assert losses[1][-1] < losses[1][0]
