"""Journeys through the dashboard in headless Chromium."""
