"""Tests mirror the modules; journeys through the dashboard are in tests/browser."""
