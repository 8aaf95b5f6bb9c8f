"""A logged prediction explained on the command line: reproduced, and split into its inputs."""

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from scipy.special import expit

from deployments.cli import cli, main
from deployments.explain import told
from flows.ingest import ingest
from tasks.data.lake import Read
from tasks.errors import Terminal
from tasks.models.contributions import NotCheap
from tasks.predictions.replay import Replayer
from tasks.tracing.explanations import explanation
from tests.installation import Installation
from tests.shop import NAME, day, night, written

Command = Callable[..., Result]

FEATURES = {"amount", "items", "hour", "store_return_share", "category", "store"}
ASKED = day(25)


@pytest.fixture
def explain() -> Command:
    """Runs `ratchet explain` in this process; a failure of ours is raised as it is."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, ["explain", *words], catch_exceptions=False)

    return run


def an_answer(shop: Installation) -> Any:
    """A logged prediction of day 25."""
    rows = shop.stores.log.read(ASKED, ASKED)
    return rows.sort_values("order_id").iloc[7]


def document(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_prediction_is_reproduced_and_split(explain: Command, turned: Installation) -> None:
    """The logged answer comes out to the bit, and base and contributions add up to it."""
    logged = an_answer(turned)
    found = document(explain(logged["prediction_id"], NAME, "--json"))
    assert found["key"] == {"order_id": logged["order_id"]}
    assert found["answer"] == found["again"] == found["rebuilt"] == logged["probability"]
    assert found["changed"] == []
    assert {each["column"] for each in found["inputs"]} == FEATURES
    added = [each["contribution"] for each in found["inputs"]]
    assert added == sorted(added, key=abs, reverse=True)
    assert expit(found["base"] + sum(added)) == pytest.approx(logged["probability"], abs=1e-9)
    values = {each["column"]: each["value"] for each in found["inputs"]}
    assert (values["amount"], values["category"]) == (logged["amount"], logged["category"])


def test_the_beginning_of_an_id_is_enough(explain: Command, turned: Installation) -> None:
    """Some characters name a prediction, as in git; the table has as many inputs as asked for."""
    name = an_answer(turned)["prediction_id"]
    said = explain(name[:8].upper(), NAME, "--top", "2").output
    assert f"prediction {name}" in said
    assert "the same to the bit, from inputs rebuilt as they were known" in said
    assert "a probability of" in said
    assert "4 more inputs added" in said


def test_every_answer_of_a_day_can_be_given_again(turned: Installation) -> None:
    """Among the neighbours that it was scored with, and from what was known when it was asked."""
    stores = turned.stores
    rows = stores.log.read(ASKED, ASKED)
    replayer = Replayer(stores.definition, stores.lake, stores.log, stores.model)
    columns = list(stores.reference(1).columns)
    for name in rows["prediction_id"].head(5):
        replay = replayer.replay(stores.log.find(name), columns)
        assert replay.again == replay.logged == replay.rebuilt


def test_the_versions_importances_stand_beside(explain: Command, turned: Installation) -> None:
    """What the version was judged with is shown next to what each input added."""
    kept = '[{"column":"amount","loss":0.25,"low":0.125,"high":0.5}]'
    turned.forge(
        "UPDATE decisions SET evidence = json_set(evidence, '$.importances', "
        f"json('{{\"challenger\":{kept}}}'))"
    )
    name = an_answer(turned)["prediction_id"]
    found = document(explain(name, NAME, "--json"))
    beside = {each["column"]: each["importance"] for each in found["inputs"]}
    assert beside["amount"] == {"value": 0.25, "low": 0.125, "high": 0.5}
    assert beside["items"] is None
    assert "+0.2500 [+0.1250," in explain(name, NAME).output


def test_corrected_data_is_told(explain: Command, turned: Installation) -> None:
    """What was answered stays explained; what the lake says now is counted beside it."""
    logged = an_answer(turned)
    orders = turned.world.orders(ASKED)
    dear = [{**o, "amount": "499.0"} if o["order_id"] == logged["order_id"] else o for o in orders]
    turned.put("orders", ASKED, written(dear), f"{ASKED}.r2.csv")
    admitted = ingest(NAME, night(day(35)))
    assert not admitted.refused, admitted.refused
    found = document(explain(logged["prediction_id"], NAME, "--json"))
    [changed] = found["changed"]
    assert changed == {"column": "amount", "logged": logged["amount"], "now": 499.0}
    assert found["again"] == logged["probability"] < found["rebuilt"]
    assert "1 of 6 inputs differ from the lake's today (amount)" in found["told"]
    values = {each["column"]: each["value"] for each in found["inputs"]}
    assert values["amount"] == logged["amount"]


def test_an_answer_that_its_version_does_not_give_is_corrupt(
    turned: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log that was changed is noticed: everything is shown, and the exit code is 5."""
    log = turned.stores.log.table
    rows = log.read(Read(first=ASKED.isoformat(), last=ASKED.isoformat()))
    place = rows.column_names.index("probability")
    rows = rows.set_column(place, "probability", pa.array(np.full(rows.num_rows, 0.125)))
    log.replace_partition(ASKED.isoformat(), rows, "forged")
    name = an_answer(turned)["prediction_id"]
    monkeypatch.setattr(sys, "argv", ["ratchet", "explain", name, NAME])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 5
    printed = capsys.readouterr()
    assert "to the same inputs now, not 0.125" in printed.err
    assert "what each input added" in printed.out


def test_an_id_that_nobody_logged_names_the_nearest(explain: Command, turned: Installation) -> None:
    """A slip is met with what was probably meant; too few characters are wrong use."""
    name = an_answer(turned)["prediction_id"]
    slip = name[:10] + ("0" if name[10] != "0" else "1") + name[11:]
    with pytest.raises(Terminal, match=f"none of 1,050 predictions .* did you mean '{name}'"):
        explain(slip, NAME)
    short = explain(name[:5], NAME)
    assert short.exit_code == 2
    assert "6 characters at least" in short.output


def test_several_that_begin_alike_are_listed(turned: Installation) -> None:
    """A beginning that several have names them, instead of taking one."""
    with pytest.raises(Terminal, match=r"\d+ predictions begin with 'a': a"):
        turned.stores.log.find("a")


def test_before_the_first_score_there_is_nothing_to_explain(
    explain: Command, trained: Installation
) -> None:
    """An empty log says which command fills it."""
    with pytest.raises(Terminal, match="0 predictions are logged: `ratchet score`"):
        explain("abcdef", NAME)


def test_a_model_that_is_not_split_is_told_with_its_importances(
    turned: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without contributions the reason is said, and the values are shown all the same."""
    stores = turned.stores
    replayer = Replayer(stores.definition, stores.lake, stores.log, stores.model)
    logged = stores.log.find(an_answer(turned)["prediction_id"])
    replay = replayer.replay(logged, list(stores.reference(1).columns))
    found = explanation(stores, replay, NotCheap("neighbours have no trees"))
    told(found, 3)
    said = capsys.readouterr().out
    assert "not split into inputs: neighbours have no trees" in said
    assert "3 more inputs\n" in said
