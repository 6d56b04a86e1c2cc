"""The servers that Orchestra declares besides context and memory; change them here."""

from typing import Protocol

from orchestra.mcp.servers import PortkeyMCP, PulumiMCP, WeaviateMCP
from orchestra.shared.secrets import Secret


class SecretManager(Protocol):
    """Whoever knows where secrets are."""

    def get_secret(self, name: str) -> Secret:
        """A secret by its name, read when it is used."""


def servers(secret_manager: SecretManager) -> dict[str, PulumiMCP | WeaviateMCP | PortkeyMCP]:
    """Each by its name; one that lacks its backend is not served."""
    return {
        "pulumi": PulumiMCP(
            access_key=secret_manager.get_secret("PULUMI_AI_KEY"),
            allowed_ops=("preview", "up", "destroy"),
            auto_rollback=True,
            ai_validation=True,
        ),
        "weaviate": WeaviateMCP(embedded=True, vectorizer="text2vec-openai", semantic_cache=True),
        "portkey": PortkeyMCP(
            primary="openrouter", fallbacks=("anthropic", "cohere"), cache_strategy="semantic"
        ),
    }
