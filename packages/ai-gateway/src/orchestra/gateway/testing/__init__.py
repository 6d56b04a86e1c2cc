"""Stand-ins for the services that the gateway talks to."""
