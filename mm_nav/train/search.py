# SPDX-License-Identifier: Apache-2.0
"""``--recipe search``: short trainings with Optuna; the best one becomes the bundle. Goes on where it was stopped."""

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

import lightning as L
import optuna
from lightning.pytorch.callbacks import Callback, ModelCheckpoint

from mm_nav.train.config import TrainConfig
from mm_nav.train.module import FusionTraining

ALIGN_CHOICES = ("phrase infonce covariance", "phrase infonce", "phrase", "")
BATCH_SIZES = (8, 16, 32)
LR = (3e-4, 1e-2)
WARM_UP = 1  # epochs that every trial may take before it can be given up
log = logging.getLogger(__name__)

Fit = Callable[[TrainConfig, tuple[Callback, ...]], FusionTraining]


class Report(Callback):
    """Tells a trial the score of every epoch; a hopeless trial ends there.

    Attributes:
        best: highest ``val/score`` so far.
    """

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial, self.best = trial, float("-inf")

    def on_validation_end(self, trainer: L.Trainer, _: L.LightningModule) -> None:
        """After every epoch."""
        score = float(trainer.callback_metrics["val/score"])
        self.best = max(self.best, score)
        self.trial.report(score, trainer.current_epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def best_config(config: TrainConfig, name: str, frames: int, fit: Fit) -> TrainConfig:
    """The configuration of the best trial, as a plain training from scratch (or from ``--base``).

    Args:
        config: with ``trials``, and ``epochs`` per trial. name: of the run, so that a search only goes on with itself.
        frames: to train on; a batch is never larger. fit: trains one configuration.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    config.cache.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name=name, storage=f"sqlite:///{config.cache / 'search.db'}", load_if_exists=True, direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=WARM_UP),
    )  # fmt: skip
    ended = len(study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)))
    study.sampler = optuna.samplers.TPESampler(seed=config.seed + ended)

    def objective(trial: optuna.Trial) -> float:
        told, report = chosen(config, suggest(trial, frames)), Report(trial)
        kept = next(c for c in fit(told, (report,)).trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint) and c.monitor)
        score = report.best if kept.best_model_score is None else float(kept.best_model_score)  # of a trial that had ended before, too
        log.info("trial %d of %d: score %.4f with %s", trial.number + 1, config.trials, score, trial.params)
        return score

    study.optimize(objective, n_trials=max(0, config.trials - ended))
    log.info("best of %d trials: score %.4f with %s", len(study.trials), study.best_value, study.best_params)
    return chosen(config, study.best_params)


def suggest(trial: optuna.Trial, frames: int) -> dict[str, Any]:
    """What is searched over: peak learning rate, batch size, alignment losses."""
    return {
        "lr": trial.suggest_float("lr", *LR, log=True),
        "batch_size": trial.suggest_categorical("batch_size", [b for b in BATCH_SIZES if b <= max(frames, BATCH_SIZES[0])]),
        "align": trial.suggest_categorical("align", ALIGN_CHOICES),
    }


def chosen(config: TrainConfig, values: dict[str, Any]) -> TrainConfig:
    """A plain training, on one device, with a trial's numbers."""
    return dataclasses.replace(config, recipe="scratch", devices=1, **values | {"align": tuple(values["align"].split())})
