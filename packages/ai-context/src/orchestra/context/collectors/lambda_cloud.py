"""Which GPU instances run at Lambda Cloud, and what they cost."""

from collections import Counter
from collections.abc import Mapping

from orchestra.context.collectors.credentials import Credentials
from orchestra.context.collectors.gpu_exporter import read_utilization
from orchestra.context.collectors.polling import Look
from orchestra.context.collectors.service import Service
from orchestra.context.config import LambdaSource
from orchestra.context.facts import Observation, Topic
from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.wording import plain
from pydantic import BaseModel

_CHANGING = ("booting", "terminating")
_NO_UTILIZATION = (
    "Lambda Cloud's API has no utilisation; hint: run a GPU exporter on the instance"
    " and give Orchestra its address"
)


class _Specs(BaseModel):
    gpus: int = 0


class _Type(BaseModel):
    name: str = ""
    price_cents_per_hour: int = 0
    specs: _Specs = _Specs()


class _Region(BaseModel):
    name: str = ""


class _Instance(BaseModel):
    id: str
    name: str | None = None
    status: str
    ip: str | None = None
    region: _Region | None = None
    instance_type: _Type | None = None


class _Instances(BaseModel):
    data: list[_Instance]


class LambdaCloud:
    """Asks Lambda Cloud; how busy a GPU is, it learns only from exporters that it is told of."""

    topic: Topic = "lambda_utilization"

    def __init__(
        self,
        config: LambdaSource,
        credentials: Credentials,
        base_url: str,
        *,
        exporters: Mapping[str, str] | None = None,
    ) -> None:
        """`exporters`: instance id → address of its Prometheus text (dcgm-exporter)."""
        self._credentials = credentials
        self._ref = config.token
        self._exporters = dict(exporters or {})
        self._service = Service("Lambda Cloud", base_url, lambda: credentials.get(self._ref))

    async def look(self) -> Look:
        """List the instances."""
        missing = self._credentials.missing(self._ref, "Lambda Cloud")
        if missing:
            return Look(Observation(value=None, status="unconfigured", detail=missing))
        answer = await self._service.get("/api/v1/instances")
        found = self._service.read(_Instances, answer).data
        instances: JsonObject = {}
        for item in found:
            instances[plain(item.id, 64)] = await self._describe(item)
        busy = any(item.status in _CHANGING for item in found)
        value: JsonObject = {"instances": instances, "summary": _summary(found)}
        return Look(Observation(value=value, source=answer.url), busy=busy)

    async def _describe(self, item: _Instance) -> JsonValue:
        kind = item.instance_type or _Type()
        exporter = self._exporters.get(item.id)
        used = await read_utilization(exporter) if exporter else None
        described: JsonObject = {
            "name": plain(item.name or "", 64),
            "status": plain(item.status, 32),
            "type": plain(kind.name, 64),
            "region": plain(item.region.name if item.region else "", 64),
            "ip": plain(item.ip or "", 64),
            "gpus": kind.specs.gpus,
            "usd_per_hour": kind.price_cents_per_hour / 100,
            "utilization": used,
        }
        if used is None:
            described["utilization_reason"] = (
                "the GPU exporter does not answer" if exporter else _NO_UTILIZATION
            )
        return described


def _summary(found: list[_Instance]) -> JsonObject:
    billed = [i.instance_type for i in found if i.instance_type and i.status != "terminated"]
    statuses: JsonObject = {plain(k, 32): n for k, n in Counter(i.status for i in found).items()}
    return {
        "instances": len(found),
        "gpus": sum(kind.specs.gpus for kind in billed),
        "usd_per_hour": sum(kind.price_cents_per_hour for kind in billed) / 100,
        "by_status": statuses,
    }
