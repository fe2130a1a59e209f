"""What every service process is made of: loops, their pulse, metrics, health."""
