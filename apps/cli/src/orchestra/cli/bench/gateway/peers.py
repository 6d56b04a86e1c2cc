"""The other gateways, each as its documentation starts it, with one process and no extras."""

import json
import re
import shutil
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestra.cli.bench.gateway.contender import Contender, end, launch
from orchestra.cli.bench.nats import connected
from orchestra.cli.bench.system import free_port, until
from orchestra.shared.errors import NotFound

KEY = "sk-bench-0123456789abcdefghijklmnop"
_TENSORZERO = Path(__file__).with_name("tensorzero_peer.py")
_INSTALLED = "packages/ai-gateway"
_ENTRY = "node_modules/@portkey-ai/gateway/build/start-server.js"
_SLOW = 240.0  # seconds that the slowest of them may take to start
_LOOPBACK = (  # it binds every interface, which a benchmark must not do for minutes
    'import net from "node:net"; const listen = net.Server.prototype.listen;'
    ' net.Server.prototype.listen = function (port) { return listen.call(this, port, "127.0.0.1"); }'
)


@dataclass(frozen=True, slots=True)
class Peers:
    """Where the peers are; None for those that are not to be measured."""

    litellm: Path | None = None
    portkey: Path | None = None
    tensorzero: Path | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What all contenders stand on."""

    folder: Path
    upstream: int
    core: int | None


@contextmanager
def portkey(ground: Ground, folder: Path | None) -> Generator[Contender]:
    """Portkey's gateway as npm has it, with the pin that its streams need.

    Raises:
        NotFound: it is not installed.
    """
    entry = _portkey_entry(folder)
    node = shutil.which("node")
    if entry is None or node is None:
        raise NotFound("run `make build`, or give a folder that has it: --portkey DIR")
    port = free_port()
    command = [node, "--import", f"data:text/javascript,{_LOOPBACK}", str(entry)]
    command += ["--headless", f"--port={port}"]
    log = ground.folder / "portkey.log"
    process = launch(command, log, ground.core, {"NODE_ENV": "production"})
    try:
        until(lambda: connected(port), f"Portkey does not start, see {log}", _SLOW).close()
        yield Contender(
            "Portkey alone",
            port,
            process.pid,
            headers={
                "Authorization": f"Bearer {KEY}",
                "x-portkey-provider": "openai",
                "x-portkey-custom-host": f"http://127.0.0.1:{ground.upstream}/v1",
            },
            log=log,
        )
    finally:
        end(process)


def _portkey_entry(folder: Path | None) -> Path | None:
    here = [parent / _INSTALLED for parent in Path(__file__).parents]
    places = [folder] if folder is not None else here
    return next((p / _ENTRY for p in places if (p / _ENTRY).is_file()), None)


@contextmanager
def litellm(ground: Ground, python: Path | None) -> Generator[Contender]:
    """LiteLLM's proxy: production mode, a master key, no database, no callbacks.

    Raises:
        NotFound: no Python was given.
    """
    if python is None:
        raise NotFound("give a Python that has it: --litellm PYTHON")
    port = free_port()
    config = ground.folder / "litellm.yaml"
    model = {
        "model": "openai/gpt-4o-mini",
        "api_base": f"http://127.0.0.1:{ground.upstream}/v1",
        "api_key": KEY,
    }
    document = {
        "model_list": [{"model_name": "bench", "litellm_params": model}],
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"json_logs": True},
    }
    config.write_text(json.dumps(document))  # which is YAML too
    log = ground.folder / "litellm.log"
    process = launch(
        [str(python.with_name("litellm")), "--config", str(config)]
        + ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"],
        log,
        ground.core,
        {
            "LITELLM_MODE": "PRODUCTION",
            "LITELLM_LOG": "ERROR",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "PATH": f"{python.parent}:/usr/bin:/bin",
        },
    )
    try:
        until(lambda: connected(port), f"LiteLLM does not start, see {log}", _SLOW).close()
        yield Contender(
            "LiteLLM proxy", port, process.pid, headers={"Authorization": f"Bearer {KEY}"}, log=log
        )
    finally:
        end(process)


_TENSORZERO_CONFIG = """
[gateway]
observability.enabled = false

[models.bench]
routing = ["bench"]

[models.bench.providers.bench]
type = "openai"
model_name = "gpt-4o-mini"
api_base = "http://127.0.0.1:{port}/v1/"
api_key_location = "env::BENCH_KEY"
"""


@contextmanager
def tensorzero(ground: Ground, python: Path | None) -> Generator[Contender]:
    """TensorZero's gateway, in Rust, without its database.

    Raises:
        NotFound: no Python was given.
    """
    if python is None:
        raise NotFound("give a Python that has it: --tensorzero PYTHON")
    config = ground.folder / "tensorzero.toml"
    config.write_text(_TENSORZERO_CONFIG.format(port=ground.upstream))
    log = ground.folder / "tensorzero.log"
    command = [str(python), "-I", str(_TENSORZERO), str(config)]
    process = launch(command, log, ground.core, {"BENCH_KEY": KEY})
    try:
        port = until(lambda: _port_in(log), f"TensorZero does not start, see {log}", _SLOW)
        yield Contender(
            "TensorZero",
            port,
            process.pid,
            model="tensorzero::model_name::bench",
            path="/openai/v1/chat/completions",
            log=log,
        )
    finally:
        end(process)


def _port_in(log: Path) -> int | None:
    found = re.search(r"http://[^:/\s]+:(\d+)/openai", log.read_text(errors="replace"))
    return int(found[1]) if found else None


_NGINX_CONFIG = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx.body;
  proxy_temp_path {folder}/nginx.proxy;
  fastcgi_temp_path {folder}/nginx.fastcgi;
  uwsgi_temp_path {folder}/nginx.uwsgi;
  scgi_temp_path {folder}/nginx.scgi;
  keepalive_requests 100000000;
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://provider;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
"""


@contextmanager
def nginx(ground: Ground) -> Generator[Contender]:
    """nginx, which only passes on: the floor of what a process in between costs.

    Raises:
        NotFound: it is not installed.
    """
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        raise NotFound("install it, for instance: apt-get install nginx-light")
    port = free_port()
    config = ground.folder / "nginx.conf"
    config.write_text(
        _NGINX_CONFIG.format(folder=ground.folder, upstream=ground.upstream, port=port)
    )
    log = ground.folder / "nginx.log"
    process = launch([program, "-c", str(config), "-p", str(ground.folder)], log, ground.core)
    try:
        until(lambda: connected(port), f"nginx does not start, see {log}", 20).close()
        yield Contender("nginx", port, process.pid, log=log)
    finally:
        end(process)


def enter(
    stack: ExitStack, ground: Ground, peers: Peers
) -> Iterable[tuple[str, Contender | None, str]]:
    """Start each: its name, the contender or None, and why there is none."""
    ways: dict[str, Callable[[], AbstractContextManager[Contender]]] = {
        "Portkey alone": lambda: portkey(ground, peers.portkey),
        "LiteLLM proxy": lambda: litellm(ground, peers.litellm),
        "TensorZero": lambda: tensorzero(ground, peers.tensorzero),
        "nginx": lambda: nginx(ground),
    }
    for name, way in ways.items():
        try:
            yield name, stack.enter_context(way()), ""
        except NotFound as error:
            yield name, None, error.message
        threading.Event().wait(0.1)  # the others' starts do not fall on one another
