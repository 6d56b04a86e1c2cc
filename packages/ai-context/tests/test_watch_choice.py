"""The way of watching fits the machine and the mount, and says which it is."""

import resource
from pathlib import Path

import pytest
from orchestra.context.git.command import Git
from orchestra.context.git.ignore import IgnoreRules
from orchestra.context.watch import Mailbox, Places, open_watcher
from orchestra.context.watch.mounts import caveat_of
from orchestra.shared.errors import Invalid

pytestmark = pytest.mark.requirement("ctx.push")


@pytest.mark.parametrize(
    ("wish", "mode"),
    [("auto", "inotify"), ("inotify", "inotify"), ("watchfiles", "watchfiles"), ("poll", "poll")],
)
async def test_the_wish_is_followed(tmp_path: Path, wish: str, mode: str) -> None:
    rules = IgnoreRules(Git(tmp_path))
    watcher = open_watcher(wish, Places(tmp_path, tmp_path, tmp_path), rules, Mailbox())  # type: ignore[arg-type]
    assert watcher.state().mode == mode
    watcher.stop()


async def test_without_inotify_auto_polls_and_says_why(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path, tmp_path)
    rules = IgnoreRules(Git(tmp_path))
    mailbox = Mailbox()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))  # no descriptor can be had
        watcher = open_watcher("auto", places, rules, mailbox)
        with pytest.raises(Invalid, match="inotify cannot be used"):
            open_watcher("inotify", places, rules, mailbox)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    state = watcher.state()
    assert (state.mode, state.lossy) == ("poll", True)
    assert "max_user_instances" in (state.degraded or "")


def test_network_mounts_are_known_from_the_table(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        f"2 1 0:45 / {tmp_path}/far\\040away rw - nfs4 host:/x rw\n"
    )
    (tmp_path / "far away/repository").mkdir(parents=True)
    assert "`nfs4` does not report" in (caveat_of(tmp_path / "far away/repository", table) or "")
    assert caveat_of(tmp_path, table) is None
    assert caveat_of(tmp_path, tmp_path / "no table") is None
