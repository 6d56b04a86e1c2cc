"""A2A 1.x for agents from outside: a message becomes a task of ours, which they can follow."""
