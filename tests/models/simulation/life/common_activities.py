"""The activities that most scenarios have in common."""

COMMON_ACTIVITIES = ("walking", "sitting", "standing", "talking")
