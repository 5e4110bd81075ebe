"""The built-in rules, one module each. The engine finds them through the entry-point group ``attnlint.rules``."""
