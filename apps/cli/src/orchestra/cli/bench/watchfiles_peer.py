"""`python -m … FOLDER`: the peer of the storms; how many files watchfiles reports."""

import sys
import threading

from watchfiles import watch


def main() -> None:
    """Say `ready`, gather until a line comes in, and say how many files were reported."""
    asked = threading.Event()

    def hear() -> None:
        sys.stdin.readline()
        asked.set()

    threading.Thread(target=hear, daemon=True, name="hear").start()
    seen: set[str] = set()
    said = False
    for changes in watch(sys.argv[1], stop_event=asked, yield_on_timeout=True, rust_timeout=200):
        if not said:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            said = True
        seen.update(path for _, path in changes if path.endswith(".txt"))
    sys.stdout.write(f"{len(seen)}\n")


if __name__ == "__main__":
    main()
