"""The hooks of agents: what they may do, what they are told, and what they did."""

from orchestra.coordination.hooks.briefing import Briefing, Live, Packs, Section
from orchestra.coordination.hooks.event import BRANDS, Brand, Moment, Work
from orchestra.coordination.hooks.hooks import Diary, Hooks
from orchestra.coordination.hooks.sessions import HookSessions

__all__ = [
    "BRANDS",
    "Brand",
    "Briefing",
    "Diary",
    "HookSessions",
    "Hooks",
    "Live",
    "Moment",
    "Packs",
    "Section",
    "Work",
]
