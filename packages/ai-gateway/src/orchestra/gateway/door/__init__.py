"""The HTTP doors of the gateway, as a plain ASGI application."""
