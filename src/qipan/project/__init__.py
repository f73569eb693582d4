"""How the program is put together and run: settings, addresses, commands."""
