"""A wearer's day: scenarios, activities, motion and heading of the head."""
