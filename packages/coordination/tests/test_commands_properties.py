"""Whatever is put around a forbidden command, and whatever bytes come: it is seen, and nothing breaks."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from orchestra.coordination.commands import judge

pytestmark = pytest.mark.requirement("agent.enforce")

FORBIDDEN = st.sampled_from(
    [
        "pulumi destroy",
        "pulumi -C infra destroy --yes",
        "'pulumi' \"destroy\"",
        "npx pulumi destroy",
    ]
)
WRAPPERS = st.sampled_from(
    [
        "{}",
        "cd sub && {}",
        "A=1 B='2 3' {}",
        "true; {} ; false",
        "( {} )",
        "{{ {}; }}",
        "echo $( {} )",
        'echo "$( {} )"',
        "`{}`",
        "{} | tee log",
        "yes | {}",
        "{} > out 2>&1",
        "{} &",
        "! {}",
        "if {}; then :; fi",
        "for i in 1 2; do {}; done",
        "f() {{ {}; }}; f",
        "case x in x) {};; esac",
        "# words\n{}",
        "echo a \\\n b; {}",
        "bash <<'END'\n{}\nEND",
        "cat <<END\n$( {} )\nEND",
        "quoted sh -c",
        "quoted bash -lc",
        "quoted sudo -n bash -c",
        "quoted eval",
        "quoted watch",
    ]
)
PREFIXES = st.sampled_from(
    [
        "sudo",
        "env X=1",
        "nohup",
        "timeout -k 1 5",
        "time",
        "nice -n 5",
        "stdbuf -oL",
        "xargs",
        "command",
        "strace -f",
    ]
)


def wrapped(command: str, wrapper: str) -> str:
    if wrapper.startswith("quoted "):
        return f"{wrapper.removeprefix('quoted ')} {shlex.quote(command)}"
    return wrapper.format(command)


@given(FORBIDDEN, st.lists(PREFIXES, max_size=3), st.lists(WRAPPERS, max_size=3))
def test_any_wrapping_of_a_forbidden_command_stays_forbidden(
    command: str, prefixes: list[str], wrappers: list[str]
) -> None:
    command = " ".join([*prefixes, command])
    for wrapper in wrappers:
        command = wrapped(command, wrapper)

    judged = judge(command, folder="/repo", root="/repo")

    assert [need.permission for need in judged.needs if need.destructive] == ["pulumi:write"]


@given(FORBIDDEN, st.text(max_size=40))
def test_text_before_it_hides_it_only_as_a_quotation_or_a_comment(
    command: str, before: str
) -> None:
    quoting = set("#'\"\\$`<{}()[]&|;!*?~=\ue000\ue001")
    plain = "".join(c for c in before if c.isprintable() and c not in quoting)

    judged = judge(f"echo {plain}\n{command}")

    assert any(need.destructive for need in judged.needs)


SCRAPS = st.lists(
    st.sampled_from(
        list("ab $(){}[]'\"`\\|&;<>#!*?=~\n")
        + ["<<E", "$((", "sh -c ", "eval ", "${a:-", "pulumi "]
    ),
    max_size=60,
).map("".join)


@given(
    st.one_of(
        st.text(max_size=300), SCRAPS, st.binary(max_size=300).map(lambda b: b.decode("latin-1"))
    )
)
def test_no_text_breaks_the_reading(text: str) -> None:
    judge(text, folder="/repo", root="/repo")


@pytest.mark.parametrize(
    "part",
    [
        "(",
        "$(",
        "{ ",
        "`",
        '"$(',
        "sh -c '",
        "a|",
        "$((",
        "<<E\n",
        "${a:-",
        "eval ",
        "a=(",
        ">",
        "$[",
        "&&",
    ],
)
def test_no_nesting_breaks_it_or_takes_long(part: str) -> None:
    judged = judge(part * 20_000 + "pulumi destroy")

    assert judged.unclear or judged.needs


def test_what_could_hide_something_is_unclear_where_it_may_stand_for_anything() -> None:
    assert not judge("echo \ue000 destroy").needs, "a placeholder from outside stands for nothing"
