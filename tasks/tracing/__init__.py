"""Where a prediction came from, what a version scored, and what came of a delivered file."""
