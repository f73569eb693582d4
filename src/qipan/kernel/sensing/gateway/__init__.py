"""The device gateway: listeners, sessions, spool and batches between devices and the store."""
