"""Agent specs: what each agent may do, which changes need no approval, what it is told."""

from orchestra.coordination.specs.loader import Checked, Problem, check_specs, load_specs
from orchestra.coordination.specs.patterns import matches
from orchestra.coordination.specs.spec import FOLDER, SOURCES, AgentSpec, SpecFile, slug, slug_of

__all__ = [
    "FOLDER",
    "SOURCES",
    "AgentSpec",
    "Checked",
    "Problem",
    "SpecFile",
    "check_specs",
    "load_specs",
    "matches",
    "slug",
    "slug_of",
]
