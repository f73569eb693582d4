"""Tables that outlive the systems that write them: history, forecasts, open data."""
