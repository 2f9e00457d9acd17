"""The budgets of the house, measured side by side in one run: ``python -m tests.bench``."""
