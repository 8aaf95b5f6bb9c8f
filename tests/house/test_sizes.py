"""Functions and modules stay small enough to read in one look."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("benchmarks", "config", "deployments", "flows", "infra", "tasks")
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(*packages: str) -> list[Path]:
    return sorted(path for each in packages for path in (ROOT / each).rglob("*.py"))


def functions(path: Path) -> Iterator[Function]:
    tree = ast.parse(path.read_text())
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def depth(node: ast.AST, level: int = 0) -> int:
    """Deepest nesting of blocks in a function; an `elif` is no deeper than its `if`."""
    deepest = level
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, Function | ast.ClassDef):
                continue
            is_elif = field == "orelse" and isinstance(node, ast.If) and isinstance(child, ast.If)
            opens = isinstance(child, ast.If | ast.For | ast.While | ast.With | ast.Try)
            deepest = max(deepest, depth(child, level + (opens and not is_elif)))
    return deepest


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_is_small(path: Path) -> None:
    """No module has more than 300 lines, no function more than 60, 5 parameters or 3 levels.

    Commands and flows have as many parameters as their options and forms have fields.
    """
    assert len(path.read_text().splitlines()) <= 300
    assert path.stem not in FORBIDDEN_NAMES
    for function in functions(path):
        where = f"{path.name}:{function.lineno} {function.name}"
        named = [a.arg for a in function.args.args + function.args.kwonlyargs]
        parameters = [name for name in named if name not in ("self", "cls")]
        decorators = [ast.unparse(each) for each in function.decorator_list]
        is_form = any("command" in each or each.startswith("flow(") for each in decorators)
        assert length(function) <= 60, where
        assert len(parameters) <= 5 or is_form, where
        assert depth(function) <= 3, where


def test_most_functions_are_short() -> None:
    """Nine functions in ten have at most 30 lines."""
    lengths = [length(each) for path in modules(*PACKAGES) for each in functions(path)]
    assert quantiles(lengths, n=10)[-1] <= 30


@pytest.mark.parametrize("path", modules("flows"), ids=lambda path: path.stem)
def test_flow_is_a_story(path: Path) -> None:
    """A flow's body has at most 40 lines besides its docstring."""
    for function in functions(path):
        body = function.body[1:] if ast.get_docstring(function) else function.body
        assert not body or (body[-1].end_lineno or 0) - body[0].lineno < 40


@pytest.mark.parametrize("path", modules("tests"), ids=lambda path: str(path.relative_to(ROOT)))
def test_test_module_is_readable(path: Path) -> None:
    """A test module has at most 400 lines, and every test says what must stay true."""
    assert len(path.read_text().splitlines()) <= 400
    for function in functions(path):
        if function.name.startswith("test_"):
            assert ast.get_docstring(function), f"{path.name}:{function.lineno} {function.name}"
