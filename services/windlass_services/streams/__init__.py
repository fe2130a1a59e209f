"""Messages between processes: the only code that knows a broker."""
