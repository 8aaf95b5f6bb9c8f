"""The README's commands, from a clean clone in a fresh folder, as a newcomer would type them."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```$", re.M | re.S)

SHORTER = {
    "--through 2013-08-31": "--through 2013-04-10",
    "--to 2013-08-31": "--to 2013-03-24",
}
"""The year takes too long here; a few nights more show that a replay goes on where it was."""

STAYS = ".venv/bin/ratchet up\n"
PLACEHOLDER = re.compile(r"<\w+>")


def blocks() -> list[tuple[str, str]]:
    """The README's commands in order, without placeholders and without this suite itself."""
    found = BLOCK.findall((ROOT / "README.md").read_text())
    return [
        (kind, text)
        for kind, text in found
        if not PLACEHOLDER.search(text) and "make test" not in text
    ]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is committed, and nothing else."""
    folder = tmp_path_factory.mktemp("fresh") / "ratchet"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Without what points at this checkout's own installation or at the suite's Prefect.

    Temporary files lie beside the clone: Prefect's worker leaves an empty folder there.
    """
    ours = ("RATCHET_", "PREFECT_", "MLFLOW_", "PYTEST_", "VIRTUAL_ENV", "PYTHONPATH", "MAKE")
    temporary = folder.with_name("temporary")
    temporary.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "TMPDIR": str(temporary)}


def typed(kind: str, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What came of the text at a shell, or at the installation's Python."""
    for long, short in SHORTER.items():
        text = text.replace(long, short)
    program = ["bash", "-euc"] if kind == "bash" else [".venv/bin/python", "-c"]
    return subprocess.run(
        [*program, text],
        check=False,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
    )


@contextmanager
def staying(text: str, folder: Path) -> Iterator[None]:
    """A command in a terminal of its own, until a Ctrl-C that it takes for a good end."""
    told = folder.with_name("told")
    with told.open("w") as output:
        process = subprocess.Popen(
            text.split(), cwd=folder, env=environment(folder), stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + 180
        while "Ctrl-C stops" not in told.read_text():
            assert process.poll() is None, told.read_text()
            assert time.monotonic() < deadline, told.read_text()
            time.sleep(0.5)
        yield
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, told.read_text()
    finally:
        process.kill()


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_commands_of_the_readme_work(clone: Path) -> None:
    """Every command ends well, in the order they stand, and the clone stays clean."""
    with ExitStack() as terminals:
        for kind, text in blocks():
            if text == STAYS:
                terminals.enter_context(staying(text, clone))
                continue
            ran = typed(kind, text, clone)
            assert ran.returncode == 0, f"{text}\n{ran.stdout[-2000:]}\n{ran.stderr[-4000:]}"
            assert "Traceback" not in ran.stderr, ran.stderr[-4000:]
    status = ["git", "status", "--porcelain"]
    dirt = subprocess.run(status, cwd=clone, capture_output=True, text=True, check=True).stdout
    assert dirt == ""


def test_the_readme_is_run_in_full() -> None:
    """The blocks that are left out are the placeholders' and the suite's own."""
    found = BLOCK.findall((ROOT / "README.md").read_text())
    left_out = [text for kind, text in found if (kind, text) not in blocks()]
    assert len(blocks()) >= 5
    assert len(left_out) == 3
    assert ("bash", STAYS) in blocks()
