"""What Prefect may run to make a registered version again."""

from prefect import task

from tasks import policy
from tasks.reproduction import attesting

attested = task(**policy.IO, name="make a version again")(attesting.attested)
kept = task(**policy.ONCE, name="keep the attestation")(attesting.kept)
