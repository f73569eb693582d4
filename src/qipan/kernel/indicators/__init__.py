"""Figures by formula over live rows, with the rows behind them."""
