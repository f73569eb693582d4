"""Pages of the environment system, by desk."""
