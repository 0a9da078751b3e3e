"""The programs being measured: started on topics of their own, fed with fleets, and stopped."""
