"""`python tensorzero_peer.py CONFIG`: TensorZero's gateway, as its wheel has it; prints its address.

Run by path, so that it needs nothing but its own environment.
"""

import signal
import sys

# the wheel has no program; this is what its own client starts, in a process of its own here
from tensorzero import _start_http_gateway  # type: ignore[import-not-found]  # never ours

gateway = _start_http_gateway(
    config_file=sys.argv[1],
    clickhouse_url=None,
    postgres_url=None,
    valkey_url=None,
    async_setup=False,
)
sys.stdout.write(gateway.base_url + "\n")
sys.stdout.flush()
signal.sigwait({signal.SIGTERM, signal.SIGINT})
gateway.close()
