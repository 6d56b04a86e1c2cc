"""How busy the GPUs of one machine are, from the Prometheus text of an exporter on it."""

import asyncio

import httpx2
from prometheus_client.parser import text_string_to_metric_families

_NAMES = ("DCGM_FI_DEV_GPU_UTIL", "nvidia_smi_utilization_gpu_ratio")
_LARGEST = 2 * 1024 * 1024  # bytes
_TIMEOUT = 5.0  # seconds


async def read_utilization(url: str) -> float | None:
    """The mean over the GPUs, in percent without decimals; None when it cannot be told."""
    try:
        async with asyncio.timeout(_TIMEOUT), httpx2.AsyncClient(trust_env=False) as client:
            content = bytearray()
            async with client.stream("GET", url) as response:
                if response.status_code != 200:
                    return None
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > _LARGEST:
                        return None
        return _mean(content.decode())
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, TimeoutError, ValueError):
        return None


def _mean(text: str) -> float | None:
    seen = [
        sample.value * (100 if sample.name.endswith("_ratio") else 1)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in _NAMES
    ]
    return float(round(sum(seen) / len(seen))) if seen else None
