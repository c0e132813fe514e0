"""Settings, secrets, paths, locks, logs: what a profile is made of."""

import os

# pydantic reads this at its first import. Looking for plugins, it reads the metadata of every installed
# package (0.1 s), and would run what those bring on our settings.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
