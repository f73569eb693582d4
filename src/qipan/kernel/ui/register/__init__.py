"""Registers: tables shown as list, detail, form, export and map."""
