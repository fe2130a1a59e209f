"""Events: how they are made from what changed, and the one way in."""
