"""Models on disk: written durably, and not a byte of them believed before it is verified.

scikit-learn comes in with the first model that is written or loaded; digests do without.
"""

import hashlib
import os
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tasks.errors import Corrupt, Terminal

MODEL_FILE, REFERENCE = "model.skops", "reference.parquet"
"""The model, and a sample of the rows that it was trained on."""

TRUSTED: tuple[str, ...] = (
    "functools.partial",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)
"""Types that scikit-learn's own classifiers need beyond those that skops trusts by itself.

All of them hold data or, as `functools.partial` around `check_array` does in histogram gradient
boosting, call only what is on this list.
"""


def save(estimator: object, folder: Path) -> Path:
    """Write `folder/model.skops`, whole and on disk, or not at all; the path of the file.

    Raises `Terminal` naming the types that `load` would not trust: such a model could be kept
    but never served.
    """
    import skops.io

    content = skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    untrusted = sorted(set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED))
    if untrusted:
        raise Terminal(f"{len(untrusted)} types of the model are not trusted: {_listed(untrusted)}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / MODEL_FILE
    partial = path.with_name(f"_{MODEL_FILE}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    _sync_folder(folder)
    return path


def manifest(folder: Path) -> dict[str, str]:
    """sha256 (hex) of every file under the folder, by its path from there with `/` between."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if not path.is_dir()
    }


def verify(folder: Path, expected: Mapping[str, str]) -> None:
    """Compare every byte under the folder with a manifest; `Corrupt` names what differs.

    A missing, an added and a changed file are all corrupt, and so is an empty manifest.
    """
    if not expected:
        raise Corrupt(f"no manifest to verify {folder} against; nothing was loaded")
    found = manifest(folder)
    changed = [name for name in expected if name in found and found[name] != expected[name]]
    missing = [name for name in expected if name not in found]
    added = [name for name in found if name not in expected]
    told = [
        f"{len(names)} {kind}: {_listed(names)}"
        for kind, names in (("changed", changed), ("missing", missing), ("added", added))
        if names
    ]
    if told:
        raise Corrupt(f"{'; '.join(told)} under {folder}; nothing was loaded")


def made(folder: Path) -> Any:
    """The estimator in a folder that was made just now, which no manifest on record speaks of yet.

    Raises `Corrupt` as `load` does.
    """
    return load(folder, manifest(folder))


def load(folder: Path, expected: Mapping[str, str]) -> Any:
    """The estimator in `folder/model.skops`, after every byte under the folder was verified.

    Raises `Corrupt` naming the file when bytes differ from the manifest, when the file is no
    readable model, or when it holds a type outside `TRUSTED`. The bytes that are hashed are the
    bytes that are loaded: a file swapped in between is noticed.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    verify(folder, expected)
    path = folder / MODEL_FILE
    if MODEL_FILE not in expected:
        raise Corrupt(f"1 missing: {MODEL_FILE} is not in the manifest of {folder}")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != expected[MODEL_FILE]:
        raise Corrupt(f"1 changed while it was read: {path}; nothing was loaded")
    try:
        return skops.io.loads(content, trusted=list(TRUSTED))
    except UntrustedTypesFoundException as error:
        raise Corrupt(f"untrusted types in {path}: {error}") from error
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        raise Corrupt(f"no readable model in {path}: {error}") from error


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:5]) + (", ..." if len(listed) > 5 else "")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
