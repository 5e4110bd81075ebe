"""Python source as the linter sees it: text, an outline of each module, libcst trees of the definitions that matter.

``text`` decodes a file and splits it into lines, ``outline`` indexes a module with ``ast``, ``parse`` hands single
definitions to libcst and knows where their nodes stand in the file. Only ``parse`` and ``positions`` import libcst, so
that a file without anything relevant never pays for it; this package therefore re-exports nothing.
"""
