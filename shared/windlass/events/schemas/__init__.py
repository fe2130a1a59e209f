"""Public: the shapes of events, triggers and automations."""
