"""Stand-ins for the outside services that context is collected from; they speak the real protocol."""
