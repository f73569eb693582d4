"""The demo county: devices that speak the real protocols, residents who report."""
