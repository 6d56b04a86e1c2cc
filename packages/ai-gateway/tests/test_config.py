"""What an operator writes into gateway.toml, and what is said when it does not fit."""

from pathlib import Path

import pytest
from orchestra.gateway.build import resolve_keys
from orchestra.gateway.config import load
from orchestra.shared.errors import Invalid
from orchestra.shared.redaction import Redactor
from orchestra.shared.secrets import Secrets

pytestmark = pytest.mark.requirement("gw.doors")

PROVIDER = '[providers.a]\nkind = "openai"\nurl = "https://a.example/v1"\n'


def test_the_default_asks_openrouter_first_and_then_the_others() -> None:
    targets = load(None).routes["default"].targets

    assert [target.provider for target in targets] == [
        "openrouter",
        "anthropic",
        "cohere",
        "openai",
    ]


def test_a_file_that_is_not_there_means_the_default(tmp_path: Path) -> None:
    assert load(tmp_path / "gateway.toml") == load(None)
    with pytest.raises(Invalid, match="does not exist"):
        load(tmp_path / "gateway.toml", must_exist=True)


def test_without_any_key_nothing_is_usable_and_each_says_what_it_lacks(tmp_path: Path) -> None:
    config = load(None)
    known = resolve_keys(config, Secrets(tmp_path, Redactor()))

    assert set(known.usable) | set(known.absent) == set(config.providers)
    assert all("is not set" in why for why in known.absent.values())


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("layer = ", "is not TOML", "toml.io"),
        (PROVIDER + '[routes.r]\ntargets = [{ provider = "b" }]', "no provider `b`", "correct"),
        (PROVIDER + '[routes.r]\ntargets = [{ provider = "a" }]\ndead_line = 1',
         "line 6: `routes.r.dead_line` is not a setting", "did you mean `deadline`"),
        (PROVIDER + '[routes.r]\ntargets = [{ provider = "a" }]\ndeadline = 0',
         "line 6: `routes.r.deadline` does not fit", "correct"),
        (PROVIDER + '[routes]\n[models]\n"gpt" = "r"', "no route `r`", "correct"),
        (PROVIDER + 'key = "sk-very-secret-0123"\n[routes]', "reference to a secret", "correct"),
        (PROVIDER.replace("https", "http") + "[routes]", "`private = true` allows others", "correct"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_with_its_place(
    tmp_path: Path, text: str, message: str, hint: str
) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(text)
    with pytest.raises(Invalid) as refused:
        load(file)

    assert str(file) in refused.value.message
    assert message in refused.value.message
    assert hint in refused.value.hint
    assert "sk-very-secret" not in str(refused.value)
