"""Settings: where they come from, what each may be, and which hold for a file."""

from attnlint.config.checks import Checks
from attnlint.config.configuration import Configuration
from attnlint.config.kinds import BadValue
from attnlint.config.places import ConfigError
from attnlint.config.settings import Settings

__all__ = ["BadValue", "Checks", "ConfigError", "Configuration", "Settings"]
