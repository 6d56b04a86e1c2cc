"""Secrets are handed out by reference, and the redactor knows each before anyone else does."""

import os
from pathlib import Path

import pytest
from orchestra.shared.errors import Invalid, NotFound
from orchestra.shared.redaction import Redactor
from orchestra.shared.secrets import SecretRef, Secrets

VALUE = "ultramarine-and-ochre"


@pytest.fixture
def redactor() -> Redactor:
    return Redactor()


@pytest.fixture
def secrets(tmp_path: Path, redactor: Redactor) -> Secrets:
    (tmp_path / "secrets").mkdir(mode=0o700)
    return Secrets(tmp_path, redactor)


def write(folder: Path, name: str, content: str, mode: int = 0o600) -> None:
    path = folder / "secrets" / name
    path.write_text(content)
    path.chmod(mode)


def test_an_environment_secret_is_resolved_and_taught_to_the_redactor(
    secrets: Secrets, redactor: Redactor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAINT_KEY", VALUE)
    secret = secrets.resolve("secret://env/PAINT_KEY", reason="test")
    assert secret.get_secret_value() == VALUE
    assert VALUE not in repr(secret)
    assert redactor.text(f"key {VALUE}") == "key [redacted:known]"


def test_a_file_secret_is_resolved_without_its_line_end(secrets: Secrets, tmp_path: Path) -> None:
    write(tmp_path, "paint", VALUE + "\n")
    assert secrets.resolve("secret://file/paint", reason="test").get_secret_value() == VALUE


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(
    secrets: Secrets, tmp_path: Path, mode: int
) -> None:
    write(tmp_path, "paint", VALUE, mode)
    with pytest.raises(Invalid, match="chmod 600"):
        secrets.resolve("secret://file/paint", reason="test")


@pytest.mark.parametrize(
    "ref",
    [
        "secret://file/../admin.key",
        "secret://file/a/b",
        "secret://file/..",
        "secret://file/.hidden",
        "secret://file/",
        "secret://file/a\x00b",
        "secret://file/a\n",
        "secret://env/A B",
        "secret://vault/x",
        "SECRET://env/X",
        "ultramarine",
        "",
    ],
)
def test_anything_but_a_reference_is_refused_without_repeating_it(
    secrets: Secrets, ref: str
) -> None:
    with pytest.raises(Invalid) as caught:
        secrets.resolve(ref, reason="test")
    assert str(caught.value) == (
        "a reference to a secret was expected, and something else was given\n"
        "hint: write `secret://env/NAME` or `secret://file/NAME`, never the secret itself"
    )


def test_a_missing_or_empty_secret_says_where_to_put_it(secrets: Secrets, tmp_path: Path) -> None:
    write(tmp_path, "empty", "\n")
    for ref, hint in (
        ("secret://env/NO_SUCH_PAINT", "set NO_SUCH_PAINT in the environment"),
        ("secret://file/nothing", str(tmp_path / "secrets" / "nothing")),
        ("secret://file/empty", "0600"),
    ):
        with pytest.raises(NotFound) as caught:
            secrets.resolve(ref, reason="test")
        assert hint in caught.value.hint


def test_links_folders_pipes_and_binary_files_are_refused(secrets: Secrets, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text(VALUE)
    outside.chmod(0o600)
    folder = tmp_path / "secrets"
    (folder / "link").symlink_to(outside)
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe", 0o600)
    (folder / "binary").write_bytes(b"\xff\xfe" * 10)
    (folder / "binary").chmod(0o600)
    write(tmp_path, "large", "x" * 70_000)
    for name in ("link", "folder", "pipe", "binary", "large"):
        with pytest.raises(Invalid):
            secrets.resolve(f"secret://file/{name}", reason="test")


def test_a_secret_too_short_to_be_redacted_is_refused(secrets: Secrets, tmp_path: Path) -> None:
    write(tmp_path, "short", "abc")
    with pytest.raises(Invalid, match="too short") as caught:
        secrets.resolve("secret://file/short", reason="test")
    assert "abc" not in str(caught.value)


def test_a_reference_is_written_as_it_is_read() -> None:
    assert str(SecretRef.parse("secret://env/NAME")) == "secret://env/NAME"
