"""What crosses modules: the generic suite, conformance, end to end, faults."""
