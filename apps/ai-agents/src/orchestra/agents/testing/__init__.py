"""A model that does what a script says, behind the protocols that coding agents speak."""

from orchestra.agents.testing.asked import Asked, Tool
from orchestra.agents.testing.moves import Call, Say, Turn, edit, mcp, shell
from orchestra.agents.testing.scripted_model import ScriptedModel

__all__ = ["Asked", "Call", "Say", "ScriptedModel", "Tool", "Turn", "edit", "mcp", "shell"]
