"""Classifiers that go wrong, each in its own way."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Constant(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Answers the same for every row."""

    def __init__(self, marks: str = "") -> None:
        self.marks = marks

    def fit(self, inputs: Any, labels: Any) -> "Constant":
        """Learn nothing."""
        self.classes_ = np.unique(labels)
        return self

    def predict_proba(self, inputs: Any) -> Any:
        """Always one half."""
        return np.full((inputs.shape[0], 2), 0.5)


class Raises(Constant):
    """Fails with a message."""

    def fit(self, inputs: Any, labels: Any) -> "Constant":
        raise RuntimeError("no convergence today")


class Hangs(Constant):
    """Starts a process of its own, leaves both ids in the file `marks`, and never comes back."""

    def fit(self, inputs: Any, labels: Any) -> "Constant":
        helper = subprocess.Popen(["sleep", "600"])
        if self.marks:
            partial = Path(f"{self.marks}.partial")
            partial.write_text(f"{os.getpid()} {helper.pid}")
            partial.replace(self.marks)
        while True:
            time.sleep(0.05)


class Hoards(Constant):
    """Asks for more memory than it may have."""

    def fit(self, inputs: Any, labels: Any) -> "Constant":
        self.hoard_ = [np.zeros(64 * 1024 * 1024 // 8) for _ in range(1000)]
        return self


class Spreads(Constant):
    """Asks for most of 1,500 MB, and uses none of it."""

    def fit(self, inputs: Any, labels: Any) -> "Constant":
        np.empty(1000 * 1024 * 1024 // 8)
        return super().fit(inputs, labels)


class Exits(Constant):
    """Leaves without a word."""

    def fit(self, inputs: Any, labels: Any) -> "Constant":
        os._exit(3)


class Vanishes(Constant):
    """Claims success without a result."""

    def fit(self, inputs: Any, labels: Any) -> "Constant":
        os._exit(0)


class IsKilled(Constant):
    """Is killed by the system."""

    def fit(self, inputs: Any, labels: Any) -> "Constant":
        print("about to be killed", flush=True)  # noqa: T201 - the log's last line
        os.kill(os.getpid(), signal.SIGKILL)
        return self


class NotANumber(Constant):
    """Answers nan for some rows."""

    def predict_proba(self, inputs: Any) -> Any:
        answers = np.random.default_rng(1).uniform(size=(inputs.shape[0], 2))
        answers[::7] = np.nan
        return answers


class OutOfRange(Constant):
    """Answers more than certainty."""

    def predict_proba(self, inputs: Any) -> Any:
        return np.random.default_rng(1).uniform(0.5, 1.5, size=(inputs.shape[0], 2))


class Slow(Constant):
    """Takes a while for every fit."""

    def __init__(self, marks: str = "", step: int = 1) -> None:
        super().__init__(marks)
        self.step = step

    def fit(self, inputs: Any, labels: Any) -> "Constant":
        time.sleep(0.3)
        return super().fit(inputs, labels)

    def predict_proba(self, inputs: Any) -> Any:
        scores = np.linspace(0.1, 0.9, inputs.shape[0])
        return np.column_stack([1 - scores, scores])
