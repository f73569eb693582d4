"""Who may do what, where and until when; the audit chain."""
