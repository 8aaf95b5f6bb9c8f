"""A whole pipeline in a folder, every section of its definition written out."""

from pathlib import Path

import pytest

PIPELINE = """\
name: tiny
title: Will the parcel be late?
schedule: {at: "04:30", timezone: Europe/Rome}
tables:
  parcels:
    deliveries: parcels/*.csv
    partition: day
    key: [parcel]
    known_at: seen_at
    columns:
      parcel: string
      day: {type: date, nullable: false}
      due_at: timestamp
      grams: {type: float, nullable: true, unit_guard: true}
      seen_at: timestamp
    extra_columns: ignore
    max_held_share: 0.1
  arrivals:
    deliveries: arrivals/*.csv
    key: [parcel]
    columns: {parcel: string, hours: "integer?", known_at: timestamp}
question:
  table: parcels
  key: [parcel]
  event_time: due_at
  asked_at: due_at - INTERVAL 1 DAY
label:
  name: late
  table: arrivals
  expression: hours > 24
  complete_after_days: 3
features:
  query: features.sql
  lookback_days: 7
  numeric: [grams]
  categorical: []
  context: [region]
candidates:
  plain:
    estimator: sklearn.linear_model.LogisticRegression
    params: {C: 1e-1, class_weight: null}
    search: {C: [0.1, 1.0]}
    encoding: onehot
    budget: {seconds: 5, memory_mb: 500, trials: 2}
    seed: 1
baselines:
  half: {sql: "0.5"}
metric: log_loss
windows: {holdout_days: 2, folds: 1, fold_days: 2, min_train_days: 4, max_train_days: 90}
gate:
  mode: superiority
  floors: {roc_auc: 0.6}
  slices: {grams: {critical: false, margin: 0.05}}
  fairness: {max_gap: 0.2}
  churn: {max_over_noise: 2.0}
  serving: {max_latency_ms: 50}
  behaviour:
    heavier: {column: grams, by: 100.0, expect: up}
  golden: {margin: 0.02}
  probation: {days: 5}
watch:
  window_days: 7
  triggers:
    slide: {clock: estimated, against: skill, drop: 0.05, nights: 2, of: 3}
  drift: {false_alarm_days: 30}
retrain: {budget: 2}
costs: {false_positive: 1, false_negative: 4, currency: EUR}
card: {intended_use: Tells people when to be at home, owner: Dispatch}
sensitive: [region]
"""

EXPECTATIONS = """\
parcels:
  row:
    - expect_column_values_to_be_between: {column: grams, min_value: 0, max_value: 1e5}
  batch:
    - expect_table_row_count_to_be_between: {min_value: 1}
  warn:
    - expect_column_mean_to_be_between: {column: grams, max_value: 900}
arrivals:
  batch:
    - expect_compound_columns_to_be_unique: {column_list: [parcel, hours]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the pipeline `tiny`."""
    made = tmp_path / "tiny"
    made.mkdir()
    (made / "pipeline.yaml").write_text(PIPELINE)
    (made / "expectations.yaml").write_text(EXPECTATIONS)
    (made / "features.sql").write_text("SELECT parcel, grams, region FROM questions\n")
    return made
