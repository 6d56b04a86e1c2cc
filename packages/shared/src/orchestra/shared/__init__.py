"""Settings, database, events, identity, secrets, durable runs and telemetry for every other package."""

__all__: list[str] = []
