"""What goes wrong between us and the broker."""

from windlass.exceptions import WindlassError


class BrokerUnavailable(WindlassError):
    """The broker does not answer. What had to be kept is in the database; messages come later."""
