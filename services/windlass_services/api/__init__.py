"""HTTP and websockets: the wire contract over storage, streams and orchestration."""
