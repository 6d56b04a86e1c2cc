"""Finds the repository around a folder: its roots, its kind, and a git that is safe to run in it."""

from dataclasses import dataclass
from pathlib import Path

from orchestra.context.git.command import Finished, Git
from orchestra.context.git.safety import filter_names
from orchestra.shared.errors import Invalid, NotFound

_BROKEN_HEAD = "write a good one, for instance with `git symbolic-ref HEAD refs/heads/main`"


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a repository keeps what.

    `root` is its working tree, None when it is bare. `common` is what all its linked worktrees
    share; `folder` is this worktree's own part, elsewhere the same. `git` runs in it.
    """

    root: Path | None
    folder: Path
    common: Path
    git: Git

    @property
    def home(self) -> Path:
        """The folder that a person would name: the working tree, or the bare repository."""
        return self.root or self.folder

    @classmethod
    def find(cls, path: Path) -> "Repository":
        """The repository that holds `path`.

        Raises:
            NotFound: there is no such folder, or no repository around it.
            Invalid: a repository that cannot be served; the hint says why.
            Unavailable: git is missing or fails.
        """
        path = path.expanduser().absolute()
        if not path.is_dir():
            raise NotFound(f"there is no folder `{path}`", hint="give the path of a git repository")
        git = Git(path)
        asked = git.attempt("rev-parse", "--absolute-git-dir")
        folder = _line(asked)
        if folder is None:
            raise _refusal(path, asked.error)
        common = _answer(git, "--path-format=absolute", "--git-common-dir") or folder
        root = _working_tree(git, path, folder)
        places = {"GIT_DIR": folder} | ({"GIT_WORK_TREE": str(root)} if root else {})
        return cls(root, Path(folder), Path(common), cls._bound(root or Path(folder), places))

    def users_file(self, setting: str, name: str) -> Path:
        """The file that a setting names, or the one of that name among the user's git files."""
        named = self.git.attempt("config", "-z", "--path", setting).output
        if named:
            return self.home / named.rstrip(b"\0").decode("utf-8", "surrogateescape")
        try:
            return Path("~/.config/git").expanduser() / name
        except RuntimeError:  # this user has no home
            return Path("/dev/null")

    def reread(self) -> "Repository":
        """The same repository with a git that knows its present configuration."""
        places = {"GIT_DIR": str(self.folder)}
        if self.root:
            places["GIT_WORK_TREE"] = str(self.root)
        self.git.close()
        return Repository(self.root, self.folder, self.common, self._bound(self.home, places))

    @staticmethod
    def _bound(home: Path, places: dict[str, str]) -> Git:
        listing = Git(home, extra=places).run("config", "-z", "--list")
        return Git(home, filters=tuple(filter_names(listing)), extra=places)


def _answer(git: Git, *question: str) -> str | None:
    return _line(git.attempt("rev-parse", *question))


def _line(finished: Finished) -> str | None:
    if finished.code != 0:
        return None
    return finished.output.decode("utf-8", "surrogateescape").removesuffix("\n")


def _working_tree(git: Git, path: Path, folder: str) -> Path | None:
    if _answer(git, "--is-bare-repository") == "true":
        return None
    if _answer(git, "--is-inside-git-dir") == "true":
        raise Invalid(
            f"`{path}` is inside the git folder of a repository", hint="give its working tree"
        )
    top = _answer(git, "--show-toplevel")
    root = Path(top) if top else None
    # The folder itself must lead to this repository: else its configuration could show any other.
    if root is None or _answer(Git(root), "--absolute-git-dir") != folder:
        raise Invalid(
            f"the configuration of the repository at `{path}` names another working tree",
            hint="unset `core.worktree` in it, or give that working tree's path",
        )
    return root


def _refusal(path: Path, said: str) -> NotFound | Invalid:
    if said and "not a git repository" not in said:
        return Invalid(
            f"git cannot read the repository at `{path}`: {said.removeprefix('fatal: ')}",
            hint=f"mend what it names; `git -C {path} status` says whether it is well",
        )
    for folder in (path, *path.parents):
        if (folder / ".git").exists():
            return Invalid(
                f"git does not recognise the repository at `{folder}`: its HEAD or layout is broken",
                hint=_BROKEN_HEAD,
            )
    return NotFound(
        f"`{path}` is not inside a git repository",
        hint="run `git init` there, or set ORCHESTRA_REPO to a repository",
    )
