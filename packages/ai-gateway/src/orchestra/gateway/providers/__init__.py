"""How a target is reached: directly, or through another gateway."""
