"""The rules of tools/lint, one subject per file."""
