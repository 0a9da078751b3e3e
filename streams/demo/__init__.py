"""The demo: a simulated day through the whole pipeline, compared with its ground truth."""

from schemas.extras import one_line_for_missing_extras

one_line_for_missing_extras()
