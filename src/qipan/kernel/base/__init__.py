"""Ground floor: clock, errors, events, identifiers, abstract rows."""
