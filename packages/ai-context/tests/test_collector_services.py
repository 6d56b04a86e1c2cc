"""Lambda Cloud, Vercel and GitHub are asked in their own protocol, and may misbehave at will."""

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from orchestra.context.collectors.credentials import Credentials
from orchestra.context.collectors.github_actions import GitHubActions, repository_of
from orchestra.context.collectors.lambda_cloud import LambdaCloud
from orchestra.context.collectors.polling import Source, SourceFailed
from orchestra.context.collectors.service import Service
from orchestra.context.collectors.vercel import Vercel
from orchestra.context.config import GitHubSource, LambdaSource, VercelSource
from orchestra.context.testing.github import FakeGitHub
from orchestra.context.testing.lambda_cloud import FakeLambdaCloud
from orchestra.context.testing.vercel import FakeVercel
from orchestra.shared.json import JsonObject
from orchestra.shared.redaction import Redactor
from orchestra.shared.secrets import Secrets
from orchestra.shared.testing.http_service import Fault, HttpService, Reply, Request

KEY = "ultramarine-and-ochre"
REMOTE = "git@github.com:team/shop.git"
NAMES = ("LAMBDA_API_KEY", "VERCEL_TOKEN", "GITHUB_TOKEN")


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Credentials:
    for name in NAMES:
        monkeypatch.setenv(name, KEY)
    return Credentials(Secrets(tmp_path, Redactor()))


async def value_of(source: Source) -> JsonObject:
    observation = (await source.look()).observation
    assert observation.status == "ok"
    assert observation.value is not None
    return observation.value


def object_at(value: object, *path: str) -> JsonObject:
    for key in path:
        assert isinstance(value, dict)
        value = value[key]
    assert isinstance(value, dict)
    return value


@pytest.mark.requirement("ctx.sources")
async def test_lambda_instances_are_listed_with_price_and_without_secrets(
    credentials: Credentials,
) -> None:
    async with FakeLambdaCloud(KEY) as cloud:
        cloud.launch("i-1", name="train\x1b[31m", gpus=8, cents=2392)
        cloud.launch("i-2")
        source = LambdaCloud(LambdaSource(), credentials, cloud.url)
        value = await value_of(source)
    one = object_at(value, "instances", "i-1")
    assert one["utilization"] is None
    assert "hint: run a GPU exporter" in str(one.pop("utilization_reason"))
    assert one == {
        "name": "train[31m",
        "status": "active",
        "type": "gpu_1x_a10",
        "region": "us-west-1",
        "ip": "198.51.100.7",
        "gpus": 8,
        "usd_per_hour": 23.92,
        "utilization": None,
    }
    assert value["summary"] == {
        "instances": 2,
        "gpus": 9,
        "usd_per_hour": 24.67,
        "by_status": {"active": 2},
    }
    assert "never" not in json.dumps(value)


class Exporter(HttpService):
    def answer(self, request: Request) -> Reply:  # noqa: ARG002 - it says the same to all
        text = 'DCGM_FI_DEV_GPU_UTIL{gpu="0"} 90\nDCGM_FI_DEV_GPU_UTIL{gpu="1"} 31\n'
        return Reply(body=text.encode())


async def test_utilization_comes_from_a_gpu_exporter_where_one_is_known(
    credentials: Credentials,
) -> None:
    async with FakeLambdaCloud(KEY) as cloud, Exporter() as exporter:
        cloud.launch("i-1")
        exporters = {"i-1": exporter.url + "/metrics"}
        source = LambdaCloud(LambdaSource(), credentials, cloud.url, exporters=exporters)
        assert object_at(await value_of(source), "instances", "i-1")["utilization"] == 60
        exporter.fail(Fault(drop=True))
        assert object_at(await value_of(source), "instances", "i-1")["utilization"] is None


async def test_a_booting_instance_makes_the_source_busy(credentials: Credentials) -> None:
    async with FakeLambdaCloud(KEY) as cloud:
        cloud.launch("i-1", status="booting")
        source = LambdaCloud(LambdaSource(), credentials, cloud.url)
        assert (await source.look()).busy
        cloud.launch("i-1")
        assert not (await source.look()).busy


@pytest.mark.requirement("ctx.sources")
async def test_vercel_deployments_are_read_page_by_page(credentials: Credentials) -> None:
    async with FakeVercel(KEY, page_size=3) as vercel:
        for number in range(8):
            vercel.deploy(f"dpl_{number}", message="Fix\nthe till")
        vercel.deploy("dpl_8", state="BUILDING")
        source = Vercel(VercelSource(limit=7, project="shop", team="t"), credentials, vercel.url)
        look = await source.look()
        vercel.set_state("dpl_8", "READY")
        later = await source.look()
    value = look.observation.value
    assert list(object_at(value, "deployments")) == [f"dpl_{n}" for n in range(8, 1, -1)]
    assert object_at(value, "deployments", "dpl_7")["message"] == "Fix the till"
    assert object_at(value, "current") == {"shop:production": "dpl_7"}
    assert object_at(later.observation.value, "current") == {"shop:production": "dpl_8"}
    assert (look.busy, later.busy) == (True, False)
    assert vercel.requests[0].query == {"limit": "7", "projectId": "shop", "teamId": "t"}


@pytest.mark.requirement("ctx.sources")
async def test_github_runs_are_listed_and_unchanged_ones_cost_no_body(
    credentials: Credentials,
) -> None:
    async with FakeGitHub(KEY) as github:
        github.add_run(1)
        github.add_run(2, status="in_progress", conclusion=None, title="\u202eevil\u2066")
        github.poll_interval = 45
        source = GitHubActions(GitHubSource(), credentials, github.url, remote=REMOTE)
        first, again = await source.look(), await source.look()
        github.finish(2, "failure")
        finished = await source.look()
    assert first.observation == again.observation
    assert (first.busy, first.wait, finished.busy) == (True, 45, False)
    run = object_at(finished.observation.value, "runs", "2")
    assert (run["title"], run["conclusion"]) == ("evil", "failure")
    assert object_at(finished.observation.value, "latest") == {"main:CI": "2"}
    assert "if-none-match" in github.requests[1].headers


@pytest.mark.parametrize("name", NAMES)
async def test_without_a_key_a_source_says_how_to_configure_it(
    name: str, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name)
    url = "http://127.0.0.1:9"
    sources: dict[str, Source] = {
        "LAMBDA_API_KEY": LambdaCloud(LambdaSource(), credentials, url),
        "VERCEL_TOKEN": Vercel(VercelSource(), credentials, url),
        "GITHUB_TOKEN": GitHubActions(GitHubSource(), credentials, url, remote=REMOTE),
    }
    observation = (await sources[name].look()).observation
    assert (observation.value, observation.status) == (None, "unconfigured")
    assert f"hint: set {name} in the environment" in str(observation.detail)


async def test_a_remote_elsewhere_is_unconfigured(credentials: Credentials) -> None:
    source = GitHubActions(GitHubSource(), credentials, "http://127.0.0.1:9", remote="/srv/x.git")
    observation = (await source.look()).observation
    assert observation.status == "unconfigured"
    assert "`repository`" in str(observation.detail)


@pytest.mark.parametrize(
    ("remote", "repository"),
    [
        ("git@github.com:team/shop.git", "team/shop"),
        ("github.com:team/shop", "team/shop"),
        ("https://github.com/team/shop", "team/shop"),
        ("https://user:pass@github.com/team/shop.git/", "team/shop"),
        ("ssh://git@github.com:22/team/my.shop.git", "team/my.shop"),
        ("https://gitlab.com/team/shop.git", None),
        ("https://github.com.evil.example/team/shop", None),
        ("https://github.com/team/shop/more", None),
        ("https://github.com/../shop", None),
        ("https://evil.example/https://github.com/team/shop", None),
        ("ext::sh -c whoami", None),
        ("", None),
    ],
)
def test_the_repository_is_taken_from_the_remote(remote: str, repository: str | None) -> None:
    assert repository_of(remote) == repository


Make = Callable[[FakeVercel], Awaitable[None]]


@pytest.mark.requirement("ctx.push")
@pytest.mark.parametrize(
    ("fault", "says", "wait"),
    [
        (Fault(reply=Reply({}, 429, {"retry-after": "37"})), "asks to slow down", 37),
        (Fault(reply=Reply({}, 503, {"retry-after": "5"})), "HTTP 503", 5),
        (Fault(reply=Reply({}, 500)), "HTTP 500", None),
        (Fault(reply=Reply({}, 401)), "refused the key", None),
        (Fault(reply=Reply({}, 404)), "knows no such thing", None),
        (Fault(drop=True), "cannot be reached", None),
        (Fault(hang=True), "did not answer within", None),
        (Fault(truncate=True), "cannot be reached", None),
        (Fault(reply=Reply(body=b"<html>")), "not JSON", None),
        (Fault(reply=Reply(body=b"[" * 100_000)), "not JSON", None),
        (Fault(reply=Reply({"deployments": 3})), "unexpected shape", None),
        (Fault(reply=Reply([])), "unexpected shape", None),
        (Fault(reply=Reply(body=b" " * (9 << 20))), "more than 8 MiB", None),
        (Fault(reply=Reply({}, 302, {"location": "http://localhost:1/x"})), "another host", None),
        (Fault(reply=Reply({}, 302, {"location": "//evil.example/"})), "another host", None),
    ],
)
async def test_whatever_a_service_does_is_a_failure_that_says_what_and_when(
    fault: Fault, says: str, wait: float | None, credentials: Credentials
) -> None:
    async with FakeVercel(KEY) as vercel:
        vercel.deploy("dpl_1")
        source = Vercel(VercelSource(), credentials, vercel.url)
        source._service._timeout = 0.3 if fault.hang else 15
        vercel.fail(fault)
        with pytest.raises(SourceFailed) as caught:
            await source.look()
        assert object_at(await value_of(source), "deployments", "dpl_1")  # and then all is well
    assert says in str(caught.value)
    assert "hint: " in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.wait == wait


async def test_a_used_up_rate_limit_says_when_it_is_renewed(credentials: Credentials) -> None:
    reset = str(int(time.time()) + 600)
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    async with FakeGitHub(KEY) as github:
        github.fail(Fault(reply=Reply({}, 403, headers)))
        source = GitHubActions(GitHubSource(), credentials, github.url, remote=REMOTE)
        with pytest.raises(SourceFailed, match="slow down") as caught:
            await source.look()
    assert caught.value.wait is not None
    assert 500 < caught.value.wait <= 600


async def test_a_redirect_on_the_same_host_is_followed_but_not_in_circles() -> None:
    async with FakeGitHub("") as github:
        service = Service("GitHub", github.url, lambda: None)
        target = f"{github.url}/repos/team/shop/actions/runs"
        github.fail(Fault(reply=Reply({}, 301, {"location": target})))
        answer = await service.get("/repos/old/name/actions/runs")
        assert answer.value == {"total_count": 0, "workflow_runs": []}
        github.fail(*[Fault(reply=Reply({}, 301, {"location": target}))] * 4)
        with pytest.raises(SourceFailed, match="circle"):
            await service.get("/repos/team/shop/actions/runs")
