"""Approvals over MCP: what became of a request."""

from orchestra.mcp.approvals.part import ApprovalsPart, Requests

__all__ = ["ApprovalsPart", "Requests"]
