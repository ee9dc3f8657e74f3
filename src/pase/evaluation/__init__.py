"""Metrics, probes and reports."""
