"""No model of a configuration takes a key that it does not know."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import yaml
from pydantic import BaseModel

from config.expectations import Expectation, Suite
from config.load import ConfigError, definition
from config.located import Place, key_path
from config.schema import Pipeline
from config.values import Frozen
from tests.config.conftest import PIPELINE

Tree = dict[str, object]


def models(value: object, place: Place = ()) -> Iterator[tuple[Place, BaseModel]]:
    """Every model inside a value, with the keys that lead to it."""
    if isinstance(value, BaseModel):
        yield place, value
        for name in type(value).model_fields:
            yield from models(getattr(value, name), (*place, name))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from models(each, (*place, key))


def places() -> list[tuple[Place, str]]:
    """Every mapping that PIPELINE writes for a model, with each key that the model knows."""
    tree = cast(Tree, yaml.safe_load(PIPELINE))
    return [
        (place, name)
        for place, model in models(Pipeline.model_validate(tree))
        if isinstance(at(tree, place), dict)
        for name in type(model).model_fields
    ]


def at(tree: object, place: Place) -> object:
    """The value at a place, none where the text says nothing there."""
    for part in place:
        tree = tree.get(str(part)) if isinstance(tree, dict) else None
    return tree


def descendants(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model's subclasses, theirs too."""
    return {model}.union(*(descendants(each) for each in model.__subclasses__()))


@pytest.mark.parametrize(
    ("place", "name"), places(), ids=[key_path((*place, name)) for place, name in places()]
)
def test_a_misspelt_key_is_refused_in_its_line_with_the_right_one(
    place: Place, name: str, folder: Path
) -> None:
    """Beside any key of any model, a misspelt one is told with its line and the right spelling."""
    tree = cast(Tree, yaml.safe_load(PIPELINE))
    cast(Tree, at(tree, place))[f"{name}z"] = "said"
    text = yaml.safe_dump(tree, sort_keys=False)
    (folder / "pipeline.yaml").write_text(text)
    line = next(i for i, each in enumerate(text.splitlines(), 1) if f"{name}z: said" in each)
    with pytest.raises(ConfigError) as caught:
        definition(folder)
    assert caught.value.problems == (
        f"{folder}/pipeline.yaml:{line}: {key_path((*place, name))}z: "
        f"unknown key; did you mean {name!r}?",
    )


def test_every_model_of_the_schema_is_tried() -> None:
    """The pipeline above writes every model out, so that none is left untried."""
    tree = cast(Tree, yaml.safe_load(PIPELINE))
    written: set[type[BaseModel]] = {
        type(model) for _, model in models(Pipeline.model_validate(tree))
    }
    known = {each for each in descendants(Frozen) if each.__module__.startswith("config.")}
    assert known - {Frozen} == {*written, Suite, Expectation}
