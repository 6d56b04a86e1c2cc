"""`python -m orchestra.coordination.specs [FILE|FOLDER…]`: checks specs; prints one JSON document."""

import json
import os
import stat
import sys
from pathlib import Path

from orchestra.coordination.specs.loader import Checked, Problem, check_specs
from orchestra.coordination.specs.spec import FOLDER
from orchestra.coordination.specs.yaml_text import LARGEST


def main(arguments: list[str]) -> int:
    """Check the files, or those of the folders; 0 when all are good, 1 when not."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for path in _files([Path(argument) for argument in arguments or [FOLDER]]):
        try:
            texts[str(path)] = _read(path)
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            problems.append(Problem(str(path), 1, said, "give a plain, readable file in UTF-8"))
    checked = check_specs(texts)
    checked = Checked(checked.specs, (*problems, *checked.problems))
    sys.stdout.write(json.dumps(_document(checked)) + "\n")
    return 1 if checked.problems else 0


def _files(given: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in given:
        inside = sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
        found += [file for file in inside if file.suffix in (".yaml", ".yml") or file == path]
    return found


def _read(path: Path) -> str:
    """The file's text; not through a link, as what is behind one is not in the repository."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is not a plain file")
        return file.read(LARGEST + 1).decode()


def _document(checked: Checked) -> dict[str, object]:
    return {
        "agents": [{"slug": spec.slug, **spec.model_dump(mode="json")} for spec in checked.specs],
        "problems": [
            {"path": p.path, "line": p.line, "message": p.message, "hint": p.hint}
            for p in checked.problems
        ],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
