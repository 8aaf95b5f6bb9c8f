"""The data contract: what a delivery must be, what is held, what is refused, and why."""
