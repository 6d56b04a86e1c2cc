"""What an operator sees of the calls: counters, and spans where they are collected."""

from orchestra.gateway.observe.counters import Counters
from orchestra.gateway.observe.observed import Observed, Watcher, collected_spans

__all__ = ["Counters", "Observed", "Watcher", "collected_spans"]
