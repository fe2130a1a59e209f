"""Deployments of flows: what prepares the code of one, and what makes one."""
