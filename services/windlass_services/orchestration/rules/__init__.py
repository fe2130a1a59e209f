"""Orchestration rules, one per file. `policy.py` names them all, in order."""
