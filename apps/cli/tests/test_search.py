"""`orchestra search` and `orchestra pack`, as a person or a script uses them."""

import pytest
from orchestra.cli.testing import Running

pytestmark = pytest.mark.requirement("ctx.pack")


@pytest.fixture
def zebra(system: Running) -> Running:
    (system.repository / "zebra.py").write_text("def gallop(speed):\n    return 'okapi'\n")
    return system


def test_search_names_the_place_and_shows_it(zebra: Running) -> None:
    said = zebra.run("search", "gallop okapi", "-n", "1").stdout
    assert said.splitlines()[0] == "zebra.py:1-2  gallop"
    assert "return 'okapi'" in said
    (place,) = zebra.json("search", "gallop okapi", "--under", "zebra")["found"]
    assert (place["path"], place["start"], place["end"]) == ("zebra.py", 1, 2)


def test_references_are_lines_with_what_they_are(zebra: Running) -> None:
    (zebra.repository / "herd.py").write_text("from zebra import gallop\n\ngallop(9)\n")
    done = zebra.run("search", "--references", "gallop")
    assert done.stdout.splitlines() == [
        "zebra.py:1  definition (definition)  def gallop(speed):",
        "herd.py:1  import (import)  from zebra import gallop",
        "herd.py:3  call (import)  gallop(9)",
    ]
    assert "3 lines, 3 shown" in done.stderr
    assert "by name and imports" in done.stderr
    refused = zebra.run("search", "--references", "two words")
    assert (refused.returncode, "hint:" in refused.stderr) == (1, True)


@pytest.mark.requirement("ctx.index")
def test_status_says_how_much_is_searched(zebra: Running) -> None:
    (zebra.repository / ".env").write_text("A=1\n")
    zebra.run("search", "gallop")
    lines = zebra.run("status").stdout.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("index  "))
    assert " files, " in lines[first]
    assert "known by name only" in lines[first + 1]
    index = zebra.json("status")["index"]
    assert (index["ready"], index["skipped"]) == (True, 1)


def test_a_search_that_finds_nothing_says_so_on_stderr(zebra: Running) -> None:
    done = zebra.run("search", "qqqqq")
    assert (done.stdout.strip(), done.returncode) == ("", 0)
    assert "nothing fits" in done.stderr


def test_pack_prints_what_goes_into_a_prompt(zebra: Running) -> None:
    zebra.run("search", "gallop")
    done = zebra.run("pack", "gallop faster\nby far", "--budget", "2000")
    assert "return 'okapi'" in done.stdout
    assert "of 2,000 tokens" in done.stderr
    made = zebra.json("pack", "gallop faster", "--budget", "2000")
    assert made["files"][0] == "zebra.py"
    assert made["tokens"] <= made["budget"] == 2000


def test_pack_explains_why_each_part_is_in(zebra: Running) -> None:
    zebra.run("search", "gallop")
    said = zebra.run("pack", "gallop faster", "--explain").stdout
    assert "zebra.py:1-2" in said
    assert "its path" in said or "passage" in said
    assert "note: vectors are not part of the ranking" in said


def test_pack_reads_the_task_from_a_file(zebra: Running) -> None:
    task = zebra.repository / "task.md"
    task.write_text("gallop faster\n")
    assert zebra.json("pack", "--file", str(task))["task"] == "gallop faster\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "there is no task"),
        (("--file", "/nowhere/task.md"), "cannot be read"),
        (("x", "--budget", "3"), "budget"),
    ],
)
def test_a_pack_that_cannot_be_made_is_refused_in_words(
    system: Running, arguments: tuple[str, ...], said: str
) -> None:
    done = system.run("pack", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
