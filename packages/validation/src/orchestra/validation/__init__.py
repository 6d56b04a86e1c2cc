"""Gates that an AI-written change passes, or is told exactly why not."""

__all__: list[str] = []
