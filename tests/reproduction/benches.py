"""A version on the bench: its own copy of everything that was kept with it, to be changed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from config.load import config_hash
from tasks.data import artifact
from tasks.ledger.attestations import Likeness
from tasks.registry import recipe
from tasks.registry.recipe import Recipe
from tasks.reproduction.comparison import reproduction
from tasks.reproduction.order import Order
from tasks.reproduction.outcome import Reproduction, Step
from tasks.reproduction.steps import Bench
from tests.installation import Installation
from tests.shop import NAME


@dataclass
class Copy:
    """A registered version in a folder of the test's own; whatever is changed there is believed."""

    shop: Installation
    place: Path
    number: int = 1

    def __post_init__(self) -> None:
        stores, original = self.shop.stores, self.place / "version"
        original.mkdir(parents=True)
        self.version = stores.ledger.version(NAME, self.number)
        self.folder = stores.registry.original(self.version, original)

    @property
    def recipe(self) -> Recipe:
        return recipe.read(self.version, self.folder)

    @property
    def definition(self) -> Path:
        return recipe.definition_folder(self.recipe, self.folder)

    def rewrite(self, **changes: object) -> None:
        """Change what the recipe says."""
        changed = replace(self.recipe, **changes)  # type: ignore[arg-type]
        (self.folder / recipe.RECIPE).write_bytes(changed.files({})[recipe.RECIPE])

    def redefine(self, old: str, new: str) -> None:
        """Change the definition that was kept, and the recipe's word for it."""
        path = self.definition / "pipeline.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        self.rewrite(config_hash=config_hash(self.definition))

    def again(self) -> Reproduction:
        """The version made again in this process, from the copy as it is now."""
        version = replace(self.version, manifest=artifact.manifest(self.folder))
        order = Order(version, self.folder, None, (), self.place)
        stores = self.shop.stores
        return reproduction(Bench(order, stores.lake, stores.vault))


def by_name(found: Reproduction) -> Mapping[str, Step]:
    """The steps that were done."""
    return {step.name: step for step in found.steps}


def diverged(found: Reproduction, step: str) -> str:
    """What the first step that diverged came to; it has to be this one."""
    assert found.likeness is Likeness.DIFFERENT, found.told
    assert found.diverged == step, found.told
    return by_name(found)[step].told
