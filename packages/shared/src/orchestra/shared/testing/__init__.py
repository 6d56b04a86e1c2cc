"""What tests of any package use: real services in small, and fakes that speak the real protocol."""

from orchestra.shared.testing.postgres import TemporaryPostgres

__all__ = ["TemporaryPostgres"]
