"""What the kernel says about a process: its CPU time, memory, children, and whether it lives."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")  # per second
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in bytes; `shared` is also counted in other processes."""

    own: int
    shared: int


def alive(pid: int) -> bool:
    """Whether it runs; one that is dead and not yet buried does not."""
    fields = _stat(pid)
    return fields is not None and fields[0] not in ("Z", "X")


def cpu_seconds(pid: int, *, with_children: bool = False) -> float:
    """CPU time, user and system, of all its threads; `with_children` adds those it has buried."""
    fields = _stat(pid)
    if fields is None:
        return 0.0
    return sum(map(int, fields[11 : 15 if with_children else 13])) / _TICK


def memory(pid: int) -> Memory:
    """Resident memory; nothing for a process that is gone."""
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except _GONE:
        return Memory(0, 0)
    sizes = {k: int(v.split()[0]) * 1024 for k, _, v in map(_colon, lines) if k.startswith("Rss")}
    return Memory(sizes.get("RssAnon", 0), sizes.get("RssFile", 0) + sizes.get("RssShmem", 0))


def peak_memory(pid: int) -> int:
    """The most resident memory that it ever had, in bytes; 0 for a process that is gone."""
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except _GONE:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def descendants(pid: int) -> list[int]:
    """Its children, their children, and so on."""
    parents = _parents()
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        children = [child for child, its in parents.items() if its == parent]
        found += children
        waiting += children
    return found


def mentioning(text: str) -> dict[int, str]:
    """Live processes, apart from this one, whose command line or environment has the text."""
    found = {}
    for pid in _parents():
        try:
            line = (_PROC / str(pid) / "cmdline").read_bytes()
            environment = (_PROC / str(pid) / "environ").read_bytes()
        except _GONE:
            continue
        if text.encode() in line + environment and pid != os.getpid() and alive(pid):
            found[pid] = line.replace(b"\0", b" ").decode(errors="replace").strip()
    return found


def _parents() -> dict[int, int]:
    parents = {}
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))) is not None:
            parents[int(entry.name)] = int(fields[1])
    return parents


def _stat(pid: int) -> list[str] | None:
    """The fields of `stat` from the third, the state, on: the second may hold anything."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except _GONE:
        return None


def _colon(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def precise_cpu_seconds(pid: int) -> float:
    """CPU time of the threads that live, by the nanosecond; 0 where the kernel does not count so."""
    total = 0
    try:
        for thread in (_PROC / str(pid) / "task").iterdir():
            with suppress(*_GONE):
                total += int((thread / "schedstat").read_text().split()[0])
    except (*_GONE, ValueError, IndexError):
        return 0.0
    return total / 1e9
