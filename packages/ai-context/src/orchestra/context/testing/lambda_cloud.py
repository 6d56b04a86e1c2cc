"""A stand-in for Lambda Cloud's API v1: instances with types, regions, prices and states."""

from orchestra.shared.json import JsonObject, JsonValue
from orchestra.shared.testing.http_service import HttpService, Reply, Request


class FakeLambdaCloud(HttpService):
    """Answers `GET /api/v1/instances` for whoever shows `key`, as bearer or as basic user name."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key
        self.instances: dict[str, JsonObject] = {}

    def launch(
        self,
        id: str,
        *,
        name: str = "",
        kind: str = "gpu_1x_a10",
        status: str = "active",
        gpus: int = 1,
        cents: int = 75,
    ) -> None:
        """Add an instance, in the shape that the real API has."""
        self.instances[id] = {
            "id": id,
            "name": name or None,
            "ip": "198.51.100.7" if status == "active" else None,
            "private_ip": "10.19.0.5",
            "status": status,
            "ssh_key_names": ["laptop"],
            "file_system_names": [],
            "file_system_mounts": [],
            "region": {"name": "us-west-1", "description": "California, USA"},
            "instance_type": {
                "name": kind,
                "description": f"{gpus}x A10 (24 GB PCIe)",
                "gpu_description": "A10 (24 GB PCIe)",
                "price_cents_per_hour": cents,
                "specs": {"vcpus": 30, "memory_gib": 200, "storage_gib": 1400, "gpus": gpus},
            },
            "hostname": "198-51-100-7.cloud.lambda.ai",
            "jupyter_token": "never-to-be-shown-jupyter",
            "jupyter_url": "https://jupyter-never-to-be-shown.lambdaspaces.com/?token=never",
            "is_reserved": False,
            "actions": {"terminate": {"available": True}, "restart": {"available": True}},
            "tags": [],
            "firewall_rulesets": [],
        }

    def answer(self, request: Request) -> Reply:
        """What the real API would say."""
        if request.bearer != self.key:
            return _error(
                401, "global/invalid-api-key", "API key was invalid, expired, or deleted."
            )
        if request.path != "/api/v1/instances":
            return _error(404, "global/object-does-not-exist", "Specified object does not exist.")
        instances: list[JsonValue] = list(self.instances.values())
        return Reply({"data": instances})


def _error(status: int, code: str, message: str) -> Reply:
    error: JsonObject = {"code": code, "message": message, "suggestion": "Check your API key."}
    return Reply({"error": error}, status=status)
