"""Budgets that keys and members share, and when a budget begins anew."""
