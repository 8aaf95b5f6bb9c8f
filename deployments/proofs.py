"""Commands that show whether what was decided still holds."""

import click

COMMANDS: tuple[click.Command, ...] = ()
