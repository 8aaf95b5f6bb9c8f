"""The promotion protocol as a transition system, small enough to look at every interleaving.

Two retrainers, an operator who rolls back once, somebody who deletes a version, one crash, one
lost reply and one partial upload. Each step is atomic, as one call to the registry or one
transaction of the ledger is. A defence that is switched off is a step that does not look.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

KEY, LOAD, BLOCKLIST, CAS = "idempotency key", "load-verify", "blocklist", "compare-and-set"
DEFENCES = frozenset({KEY, LOAD, BLOCKLIST, CAS})

DECIDED_ONCE = "decided once"
"""A fifth that the ledger has as well: one decision under an attempt's key."""


@dataclass(frozen=True)
class Version:
    """A registered version: whose attempt it is, and whether its bytes are whole."""

    owner: int
    whole: bool = True
    deleted: bool = False


@dataclass(frozen=True)
class Row:
    """A decision in the ledger; `against` is the champion that its gate had looked at."""

    kind: str
    version: int
    champion: int
    against: int
    owner: int


@dataclass(frozen=True)
class Retrainer:
    """One attempt's process: where it is, and what it remembers until it dies."""

    at: str = "start"
    generation: int = 0
    champion: int = 0
    version: int = -1


@dataclass(frozen=True)
class World:
    """Everything there is. Version 0 serves first; the ledger's last row says who serves."""

    versions: tuple[Version, ...] = (Version(-1),)
    rows: tuple[Row, ...] = ()
    retrainers: tuple[Retrainer, ...] = (Retrainer(), Retrainer())
    crashes: int = 1
    lost_replies: int = 1
    partial_uploads: int = 1
    rollbacks: int = 1
    deletions: int = 1

    @property
    def champion(self) -> int:
        return self.rows[-1].champion if self.rows else 0

    @property
    def out(self) -> frozenset[int]:
        return frozenset(row.version for row in self.rows if row.kind == "rolled back")


Step = tuple[str, World]


def steps(world: World, defences: frozenset[str]) -> Iterator[Step]:
    """Everything that may happen next, with its name."""
    for who in range(len(world.retrainers)):
        yield from _retrainer(world, who, defences)
    yield from _operator(world)
    yield from _deleter(world)


def _retrainer(world: World, who: int, defences: frozenset[str]) -> Iterator[Step]:
    me = world.retrainers[who]
    step: Callable[[World, int, frozenset[str]], Iterator[Step]] = {
        "start": _begin,
        "begun": _register,
        "registered": _gate,
        "passed": _promote,
    }.get(me.at, _nothing)
    yield from step(world, who, defences)
    if world.crashes and me.at not in ("start", "done"):
        fresh = replace(world, crashes=world.crashes - 1)
        yield f"retrainer {who} dies and starts again", _moved(fresh, who, Retrainer())


def _begin(world: World, who: int, defences: frozenset[str]) -> Iterator[Step]:
    if DECIDED_ONCE in defences and any(row.owner == who for row in world.rows):
        yield f"retrainer {who} finds its decision", _moved(world, who, Retrainer("done"))
        return
    begun = Retrainer("begun", len(world.rows), world.champion)
    yield f"retrainer {who} begins against v{world.champion}", _moved(world, who, begun)


def _register(world: World, who: int, defences: frozenset[str]) -> Iterator[Step]:
    me = world.retrainers[who]
    mine = [n for n, each in enumerate(world.versions) if each.owner == who and not each.deleted]
    if mine and KEY in defences:
        yield f"retrainer {who} finds its v{mine[-1]}", _registered(world, who, mine[-1])
        return
    for whole in (True, False) if world.partial_uploads else (True,):
        number = len(world.versions)
        there = replace(
            world,
            versions=(*world.versions, Version(who, whole)),
            partial_uploads=world.partial_uploads - (not whole),
        )
        how = "" if whole else ", in part"
        yield f"retrainer {who} registers v{number}{how}", _registered(there, who, number)
        if world.lost_replies:
            lost = replace(there, lost_replies=world.lost_replies - 1)
            yield f"retrainer {who} registers v{number}{how}, unheard", _moved(lost, who, me)


def _gate(world: World, who: int, defences: frozenset[str]) -> Iterator[Step]:
    me = world.retrainers[who]
    usable = world.versions[me.version].whole and not world.versions[me.version].deleted
    passes = usable or LOAD not in defences
    yield (
        f"retrainer {who}: the gate {'passes' if passes else 'refuses'} v{me.version}",
        _moved(world, who, replace(me, at="passed" if passes else "done")),
    )


def _promote(world: World, who: int, defences: frozenset[str]) -> Iterator[Step]:
    me = world.retrainers[who]
    if DECIDED_ONCE in defences and any(row.owner == who for row in world.rows):
        yield f"retrainer {who} finds its decision", _moved(world, who, Retrainer("done"))
        return
    if CAS in defences and len(world.rows) != me.generation:
        yield f"retrainer {who} is told to begin again", _moved(world, who, Retrainer())
        return
    if me.version == world.champion or (BLOCKLIST in defences and me.version in world.out):
        yield (
            f"retrainer {who} may not promote v{me.version}",
            _moved(world, who, Retrainer("done")),
        )
        return
    row = Row("promoted", me.version, me.version, me.champion, who)
    there = replace(world, rows=(*world.rows, row))
    yield f"retrainer {who} promotes v{me.version}", _moved(there, who, Retrainer("done"))
    if world.lost_replies:
        lost = replace(there, lost_replies=world.lost_replies - 1)
        yield f"retrainer {who} promotes v{me.version}, unheard", _moved(lost, who, me)


def _nothing(world: World, who: int, defences: frozenset[str]) -> Iterator[Step]:
    return iter(())


def _operator(world: World) -> Iterator[Step]:
    served = [0, *(row.champion for row in world.rows)]
    good = [n for n in served if n not in world.out and n != world.champion]
    if world.rollbacks and good:
        row = Row("rolled back", world.champion, good[-1], world.champion, -2)
        told = f"the operator rolls v{world.champion} back to v{good[-1]}"
        yield told, replace(world, rows=(*world.rows, row), rollbacks=world.rollbacks - 1)


def _deleter(world: World) -> Iterator[Step]:
    """Our own clean-up: it spares the champion and who a rollback could return to."""
    spared = {0, world.champion, *(row.champion for row in world.rows)}
    for number, version in enumerate(world.versions):
        pending = any(each.version == number for each in world.retrainers)
        if world.deletions and number not in spared and not version.deleted and not pending:
            gone = (*world.versions[:number], replace(version, deleted=True))
            left = (*gone, *world.versions[number + 1 :])
            there = replace(world, versions=left, deletions=world.deletions - 1)
            yield f"v{number} is cleaned up", there


def _registered(world: World, who: int, number: int) -> World:
    me = world.retrainers[who]
    return _moved(world, who, replace(me, at="registered", version=number))


def _moved(world: World, who: int, me: Retrainer) -> World:
    others = list(world.retrainers)
    others[who] = me
    return replace(world, retrainers=tuple(others))


def broken(world: World) -> str:
    """The invariant of a promotion that does not hold here; empty when all do."""
    champion = world.versions[world.champion]
    if champion.deleted:
        return "the champion exists"
    if not champion.whole:
        return "the champion loads"
    serving = 0
    for row in world.rows:
        if row.kind == "promoted" and row.against != serving:
            return "the gate looked at the champion that was replaced"
        serving = row.champion
    out: set[int] = set()
    for row in world.rows:
        if row.champion in out:
            return "a rolled-back version does not return"
        out |= {row.version} if row.kind == "rolled back" else set()
    owners = [each.owner for each in world.versions if each.owner >= 0 and not each.deleted]
    if len(owners) != len(set(owners)):
        return "one attempt, one version"
    return ""


@dataclass(frozen=True)
class Explored:
    """How many states there are, and the shortest way to each invariant that can be broken."""

    states: int
    traces: dict[str, tuple[str, ...]]


def explored(defences: frozenset[str] = DEFENCES) -> Explored:
    """Every state that any interleaving reaches, breadth first; broken states go no further."""
    first = World()
    came: dict[World, tuple[World | None, str]] = {first: (None, "")}
    queue, traces = deque([first]), dict[str, tuple[str, ...]]()
    while queue:
        world = queue.popleft()
        wrong = broken(world)
        if wrong:
            traces.setdefault(wrong, _trace(came, world))
            continue
        for told, then in steps(world, defences):
            if then not in came:
                came[then] = (world, told)
                queue.append(then)
    return Explored(len(came), traces)


def _trace(came: dict[World, tuple[World | None, str]], world: World) -> tuple[str, ...]:
    told: list[str] = []
    at: World | None = world
    while at is not None:
        at, step = came[at]
        told.append(step)
    return tuple(reversed(told[:-1]))
