"""Settings: keys, types, defaults and checks, from options, the environment and chatlog.toml."""
