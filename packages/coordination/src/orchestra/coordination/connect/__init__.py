"""The configuration of each coding agent, written from one source and taken out again."""

from orchestra.coordination.connect.connection import BRANDS, Connection, Order, connect
from orchestra.coordination.connect.dialects import key_variable
from orchestra.coordination.connect.record import Brand, FailMode
from orchestra.coordination.connect.tree import Tree

__all__ = [
    "BRANDS",
    "Brand",
    "Connection",
    "FailMode",
    "Order",
    "Tree",
    "connect",
    "key_variable",
]
