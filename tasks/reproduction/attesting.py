"""One version a night, picked at random and made again."""

import random
from datetime import datetime

from tasks.errors import RatchetError, Transient
from tasks.ledger.attestations import Attestation, Likeness
from tasks.ledger.text import stamp
from tasks.registry.recipe import has_recipe
from tasks.reproduction.rebuilding import reproduced
from tasks.stores import Stores


def picked(stores: Stores, as_of: datetime) -> int | None:
    """A version that was decided on by then and can be made again; none when there is none.

    Each is as likely as any other, and the same moment picks the same one.
    """
    decided = {d.version for d in stores.ledger.decisions(stores.name) if d.as_of <= as_of}
    there = decided & stores.registry.numbers(stores.name)
    versions = [each.number for each in stores.ledger.versions(stores.name) if has_recipe(each)]
    able = sorted(there & set(versions))
    return random.Random(f"{stores.name} {stamp(as_of)}").choice(able) if able else None  # noqa: S311 - a lot, and no secret


def attested(stores: Stores, as_of: datetime) -> Attestation | None:
    """Make a version again; none without one. What this moment has on record is not done twice.

    An error that time does not heal is an outcome too.
    """
    for known in stores.ledger.attestations(stores.name):
        if known.as_of == as_of:
            return known
    number = picked(stores, as_of)
    return None if number is None else _attestation(stores, number, as_of)


def kept(stores: Stores, attestation: Attestation | None) -> bool:
    """Write an attestation down; False when there is none, or this moment has one."""
    return attestation is not None and stores.ledger.keep_attestation(attestation)


def _attestation(stores: Stores, number: int, as_of: datetime) -> Attestation:
    def outcome(likeness: Likeness, reason: str) -> Attestation:
        return Attestation(
            stores.name, as_of, number, likeness, "", float("nan"), float("nan"), reason
        )

    try:
        made = reproduced(stores, number)
    except Transient:
        raise
    except RatchetError as error:
        return outcome(Likeness.UNKNOWN, str(error))
    return Attestation(
        pipeline=stores.name,
        as_of=as_of,
        version=number,
        likeness=made.likeness,
        diverged=made.diverged,
        largest=made.largest,
        seconds=made.seconds,
        reason=made.told,
    )
