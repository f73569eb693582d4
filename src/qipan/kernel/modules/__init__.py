"""The contract of a domain module and the registry of all."""
