"""A repository's own configuration is read strictly, and is not trusted."""

import os
from pathlib import Path

import pytest
from orchestra.context.config import ContextConfig
from orchestra.shared.errors import Invalid


def write(repository: Path, text: str | bytes) -> Path:
    folder = repository / ".ai-context"
    folder.mkdir(exist_ok=True)
    path = folder / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    sources = ContextConfig.load(tmp_path).sources
    assert sources.lambda_.token == "secret://env/LAMBDA_API_KEY"
    assert sources.vercel.token == "secret://env/VERCEL_TOKEN"
    assert sources.github.token == "secret://env/GITHUB_TOKEN"
    assert sources.migrations.database is None


def test_every_section_is_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        [sources.lambda]
        token = "secret://file/lambda-key"
        interval = 30
        [sources.vercel]
        project = "prj_1"
        team = "team_1"
        limit = 5
        [sources.github]
        repository = "team/shop"
        [sources.migrations]
        database = "secret://env/SHOP_DATABASE_URL"
        version_table = "shop.alembic_version"
        [sources.weaviate]
        token = "secret://env/WEAVIATE_API_KEY"
        """,
    )
    sources = ContextConfig.load(tmp_path).sources
    assert (sources.lambda_.token, sources.lambda_.interval) == ("secret://file/lambda-key", 30)
    assert (sources.vercel.project, sources.vercel.team, sources.vercel.limit) == (
        "prj_1",
        "team_1",
        5,
    )
    assert sources.github.repository == "team/shop"
    assert sources.migrations.version_table == "shop.alembic_version"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("\n[sources.lamda]\n", "line 2: `sources.lamda` is not a setting", "`lambda`"),
        ("[sources.vercel]\nprojekt = 1\n", "line 2: `sources.vercel.projekt`", "`project`"),
        ("[source.vercel]\n", "`source` is not a setting", "`sources`"),
        ("[sources.vercel]\nqqq = 1\n", "`sources.vercel.qqq`", "there are: token"),
        ("[sources.vercel]\nlimit = 'x'\n", "line 2: `sources.vercel.limit` does not fit", "value"),
        ("[sources.lambda]\ninterval = 0\n", "line 2: `sources.lambda.interval`", "value"),
        ("sources = 3\n", "line 1: `sources` does not fit", "value"),
        ("[sources\n", "line 1", "toml.io"),
        ("[sources.vercel]\nurl = 'https://evil.example'\n", "`sources.vercel.url` is not", "are:"),
        ("[sources.github]\nrepository = '../x'\n", "`sources.github.repository`", "value"),
        ("[sources.migrations]\nversion_table = 'a\"; drop'\n", "version_table", "value"),
    ],
)
def test_a_mistake_is_explained_with_file_line_and_key(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(Invalid) as caught:
        ContextConfig.load(tmp_path)
    assert str(path) in caught.value.message
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "token", ["vercel-abc123", "secret://env/AWS_SECRET_ACCESS_KEY", "secret://file/../vercel"]
)
def test_a_secret_of_another_service_or_in_plain_is_refused_and_not_repeated(
    tmp_path: Path, token: str
) -> None:
    write(tmp_path, f'[sources.vercel]\ntoken = "{token}"\n')
    with pytest.raises(Invalid, match=r"sources\.vercel\.token") as caught:
        ContextConfig.load(tmp_path)
    assert token not in str(caught.value)


def test_links_pipes_folders_and_large_or_binary_files_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "x = 1")
    outside = tmp_path / "outside.toml"
    outside.write_text("")
    for kind in ("link", "pipe", "folder"):
        path.unlink()
        if kind == "link":
            path.symlink_to(outside)
        elif kind == "pipe":
            os.mkfifo(path)
        else:
            path.mkdir()
        with pytest.raises(Invalid):
            ContextConfig.load(tmp_path)
    path.rmdir()
    for content in (b"#" * 300_000, b"\xff\xfe", b"a = " + b"[" * 50_000):
        write(tmp_path, content)
        with pytest.raises(Invalid):
            ContextConfig.load(tmp_path)


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".ai-context").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "config.toml").write_text("")
    with pytest.raises(Invalid):
        ContextConfig.load(tmp_path)
