"""How the networks are trained and measured; nothing that runs imports it."""

from schemas.extras import one_line_for_missing_extras

one_line_for_missing_extras()
