"""What stands above a path: nothing any more, a link, another repository, or plain folders."""

import os
import stat
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where a path lies. `nested` is the outermost repository inside ours that holds it."""

    exists: bool = True
    nested: bytes | None = None


class Surroundings:
    """Looks at each folder once; make a new one for each batch of paths."""

    def __init__(self, root: bytes) -> None:
        self._root = root
        self._known: dict[bytes, Place] = {b"": Place()}

    def of(self, path: bytes) -> Place:
        """The place of the folder that holds `path`, which is relative to the root."""
        folder = path.rpartition(b"/")[0]
        known = self._known.get(folder)
        if known is None:
            known = self._known[folder] = self._look(folder)
        return known

    def _look(self, folder: bytes) -> Place:
        above = self.of(folder)
        if not above.exists or above.nested is not None:
            return above
        try:
            mode = os.lstat(self._root + folder).st_mode
        except OSError:
            return Place(exists=False)
        if not stat.S_ISDIR(mode):
            return Place(exists=False)
        if os.path.lexists(self._root + folder + b"/.git"):
            return Place(nested=folder)
        return above
