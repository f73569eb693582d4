"""Things, datastreams, observations, rules and the device gateway."""
