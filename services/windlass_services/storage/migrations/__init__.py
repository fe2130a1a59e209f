"""One tree of migrations for both dialects; see `windlass_services.storage.schema`."""
