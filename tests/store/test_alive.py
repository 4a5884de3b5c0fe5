import subprocess
import sys
from pathlib import Path

from mjgate.store.alive import Locks

HOLDER = """
import sys
from pathlib import Path
from mjgate.store.alive import Locks
Locks(Path(sys.argv[1])).hold("holder")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_process_counts_as_alive_until_it_is_killed(tmp_path: Path) -> None:
    held = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(held, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()

        before = Locks(tmp_path).alive("holder")
        process.kill()
        process.wait()

    assert before
    assert not Locks(tmp_path).alive("holder")


def test_who_leaves_in_order_or_was_never_there_is_not_alive(tmp_path: Path) -> None:
    locks = Locks(tmp_path)
    locks.hold("guest")

    locks.release("guest")

    assert not locks.alive("guest")
    assert not locks.alive("nobody")
    assert list(tmp_path.iterdir()) == []
