"""The agent card: what an agent from outside has to know before it has a key."""

from importlib.metadata import version

from orchestra.shared.json import JsonObject

PATH = "/.well-known/agent-card.json"
ENDPOINT = "/a2a"

_ABOUT = (
    "Offers what you send as a task to the coding agents and people of one repository, and tells"
    " how far it is."
)
_SKILL: JsonObject = {
    "id": "task",
    "name": "Have something done in the repository",
    "description": (
        "The first line of your message is the task's title, all of it is its goal. An agent claims"
        " it; artifacts are the packet that says how far it is, and the result."
    ),
    "tags": ["coding", "tasks", "hand-off"],
    "examples": ["Mend the flaky test of the parser\n\nIt fails under load; do not add a sleep."],
}


def agent_card(base: str) -> JsonObject:
    """The card of the system that clients reach at this address."""
    return {
        "name": "Orchestra",
        "description": _ABOUT,
        "version": version("orchestra-api"),
        "supportedInterfaces": [
            {
                "url": base.rstrip("/") + ENDPOINT,
                "protocolBinding": "JSONRPC",
                "protocolVersion": "1.0",
            }
        ],
        "capabilities": {
            "streaming": True,
            "pushNotifications": False,
            "extendedAgentCard": False,
        },
        "securitySchemes": {
            "key": {
                "httpAuthSecurityScheme": {
                    "scheme": "Bearer",
                    "description": "A key with the scopes `tasks:read` and `tasks:write`: `orc_…`",
                }
            }
        },
        "securityRequirements": [{"schemes": {"key": {"list": []}}}],
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain", "application/json"],
        "skills": [_SKILL],
    }
