"""A file that is swapped for a link while it is read gives nothing of what the link leads to."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from orchestra.context.index.safe_read import Root
from orchestra.shared.settings import child_environment

pytestmark = pytest.mark.requirement("trust.inputs")

INSIDE, OUTSIDE = b"inside\n", b"outside\n"
READS = 10_000
SWAP = """
import os, sys
target, link, place, aside = sys.argv[1:]
while True:
    os.symlink(target, link)
    os.rename(place, aside)
    os.rename(link, place)
    for _ in range(20):
        os.lstat(place)
    os.unlink(place)
    os.rename(aside, place)
"""


@pytest.fixture(params=["file", "folder"])
def swapped(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A tree whose `src/a.py`, or whose `src`, is now itself and now a link to the outside."""
    root, outside = tmp_path / "tree", tmp_path / "outside"
    for folder, content in ((root / "src", INSIDE), (outside, OUTSIDE)):
        folder.mkdir(parents=True)
        (folder / "a.py").write_bytes(content)
    what = "src/a.py" if request.param == "file" else "src"
    target = outside / "a.py" if request.param == "file" else outside
    place, aside, link = root / what, tmp_path / "aside", tmp_path / "link"
    names = [os.fspath(path) for path in (target, link, place, aside)]
    swapping = subprocess.Popen([sys.executable, "-c", SWAP, *names], env=child_environment())
    yield root
    swapping.kill()
    swapping.wait()


def test_no_read_in_a_race_of_swaps_leads_outside(swapped: Path) -> None:
    """Attack S26."""
    root = Root(os.fsencode(swapped))
    assert {root.read(b"src/a.py") for _ in range(READS)} <= {INSIDE, None}


def test_a_reader_that_follows_links_is_led_outside_by_the_same_race(swapped: Path) -> None:
    seen = set()
    for _ in range(READS):
        with contextlib.suppress(OSError):
            seen.add((swapped / "src/a.py").read_bytes())
        if OUTSIDE in seen:
            return
    raise AssertionError("the race does not bite, so the test above shows nothing")
