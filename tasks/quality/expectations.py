"""A table's expectations, judged by Great Expectations.

One context and one definition per call: shared by threads, they give wrong verdicts in silence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.exceptions import ExpectationNotFoundError
from great_expectations.expectations.registry import (
    get_expectation_impl,
    list_registered_expectation_implementations,
)
from pydantic.v1 import ValidationError

from config.expectations import Expectation, Suite
from config.hints import hint
from tasks.data.lake import ROW
from tasks.errors import Refused
from tasks.quality.reasons import Reasons, merged, shown

SHOWN_VALUES = 3
LEVELS = ("row", "batch", "warn")


@dataclass(frozen=True)
class Findings:
    """What the expectations say: rows to hold, breaches that refuse the delivery, warnings."""

    reasons: Reasons
    breaches: tuple[str, ...]
    errors: tuple[str, ...]
    warnings: tuple[str, ...]
    result: ExpectationSuiteValidationResult

    def refuse(self) -> None:
        """Raise `Refused` (expectation_error, expectation) if the delivery cannot be accepted."""
        for code, found in (("expectation_error", self.errors), ("expectation", self.breaches)):
            if found:
                total = len(self.result.results)
                told = "; ".join(found)
                raise Refused(code, f"{len(found)} of {total} expectations failed: {told}")


def check(rows: pd.DataFrame, suite: Suite, title: str, at: datetime) -> Findings:
    """Judge rows (with their number in `_row`) by a suite; `title` and `at` name the verdict.

    A breach under `row` names every unexpected row, `mostly` or not. An expectation that could not
    be computed is an error, never a pass. Raises `Refused`: no_rows, empty_suite, and
    expectation_error for an expectation that Great Expectations does not know.
    """
    if rows.empty:
        raise Refused("no_rows", "0 rows are left to judge")
    if not suite.row + suite.batch:
        raise Refused("empty_suite", "0 expectations under row or batch; a pass would mean nothing")
    result = _validated(rows, built(suite), RunIdentifier(run_name=title, run_time=at))
    by_level: dict[str, list[Any]] = {level: [] for level in LEVELS}
    errors = []
    for each in sorted(result.results, key=_place):
        if _has_raised(each.exception_info):
            errors.append(f"{_name(each)} could not be computed: {_cause(each.exception_info)}")
        elif not each.success or each.result.get("unexpected_index_list"):
            by_level[_level(each)].append(each)
    rowless = [each for each in by_level["row"] if not each.result.get("unexpected_index_list")]
    errors += [f"{_name(each)} names no rows: it belongs under batch" for each in rowless]
    return Findings(
        reasons=merged(*map(_held, by_level["row"])),
        breaches=tuple(_told(each) for each in by_level["batch"] if not each.success),
        errors=tuple(errors),
        warnings=tuple(_told(each) for each in by_level["warn"] if not each.success),
        result=result,
    )


def built(suite: Suite) -> list[Any]:
    """The suite as Great Expectations has it. Raises `Refused` (expectation_error)."""
    groups = zip(LEVELS, (suite.row, suite.batch, suite.warn), strict=True)
    return [
        _expectation(each, level, number)
        for level, expectations in groups
        for number, each in enumerate(expectations)
    ]


def _expectation(declared: Expectation, level: str, number: int) -> Any:
    try:
        implementation = get_expectation_impl(declared.type)
        return implementation(**declared.keywords, meta={"level": level, "number": number})
    except ExpectationNotFoundError as error:
        known = hint(declared.type, list_registered_expectation_implementations())
        raise Refused("expectation_error", f"no expectation {declared.type!r}{known}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors())
        raise Refused("expectation_error", f"{declared.type} cannot be built: {faults}") from error


def _validated(
    rows: pd.DataFrame, expectations: list[Any], run: RunIdentifier
) -> ExpectationSuiteValidationResult:
    in_memory = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
    )
    context = gx.get_context(mode="ephemeral", project_config=in_memory)
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("delivery")
    suite = context.suites.add(gx.ExpectationSuite(name="suite", expectations=expectations))
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name="verdict",
            data=asset.add_batch_definition_whole_dataframe("all"),
            suite=suite,
        )
    )
    return definition.run(
        batch_parameters={"dataframe": rows},
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": [ROW],
            "partial_unexpected_count": SHOWN_VALUES,
        },
        run_id=run,
    )


def _level(each: Any) -> str:
    return str(each.expectation_config.meta["level"])


def _place(each: Any) -> tuple[int, int]:
    """Results come back in an order of their own: this is the declared one."""
    return LEVELS.index(_level(each)), int(each.expectation_config.meta["number"])


def _has_raised(info: Mapping[str, Any]) -> bool:
    """`exception_info` is one record, or one for every metric that failed."""
    return bool(info.get("raised_exception")) or any(
        isinstance(each, dict) and each.get("raised_exception") for each in info.values()
    )


def _cause(info: Mapping[str, Any]) -> str:
    nested = [each for each in info.values() if isinstance(each, dict)]
    return str(next(iter(nested), info).get("exception_message"))[:200]


def _held(each: Any) -> Reasons:
    reason = f"expect:{_name(each)}"
    return {int(index[ROW]): (reason,) for index in each.result.get("unexpected_index_list") or ()}


def _name(each: Any) -> str:
    """`type:column`, without the prefix that every type has."""
    columns = _columns(each.expectation_config.kwargs)
    return ":".join([each.expectation_config.type.removeprefix("expect_"), *columns])


def _columns(arguments: Mapping[str, Any]) -> Iterable[str]:
    named = [arguments[name] for name in ("column", "column_A", "column_B") if name in arguments]
    return [str(name) for name in named] or [str(n) for n in arguments.get("column_list", ())]


def _told(each: Any) -> str:
    """The breach in one line: counts first, then the first bad row, then what was expected."""
    result = each.result
    expected = ", ".join(
        f"{name} {value}"
        for name, value in each.expectation_config.kwargs.items()
        if name not in ("batch_id", "column")
    )
    first = next(iter(result.get("unexpected_index_list") or ()), None)
    if first:
        payload = {name: str(cell) for name, cell in first.items() if name != ROW}
        found = (
            f"{result['unexpected_count']} of {result['element_count']} rows; "
            f"first: {shown(first[ROW], payload, '')}"
        )
    else:
        found = f"found {result.get('observed_value')}"
    return f"{_name(each)}: {found} (expected {expected})"
