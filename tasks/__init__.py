"""What Prefect may run (`tasks/<verb>.py`), and the plain Python that does it (`tasks/<noun>/`)."""

import sys
from importlib.machinery import PathFinder
from importlib.util import LazyLoader, module_from_spec
from types import ModuleType


def __getattr__(name: str) -> ModuleType:
    """A module of this package, loaded when something of it is first used.

    `from tasks import fit` in a flow is then free: a run is RUNNING, and a person sees it, before
    the seconds that scikit-learn, MLflow and the others take to load.
    """
    spec = PathFinder.find_spec(f"{__name__}.{name}", __path__)
    if spec is None or spec.loader is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[spec.name] = globals()[name] = module
    spec.loader.exec_module(module)
    return module
