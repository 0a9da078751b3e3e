"""A wearer's day: scenarios, activities, motion and where the head points."""
