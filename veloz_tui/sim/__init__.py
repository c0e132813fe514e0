"""Simulated venues: independent processes that speak the real wire protocols on loopback."""
