"""What `qipan check` enforces beyond ruff and mypy: budgets, forbidden words, catalogues, layers."""
