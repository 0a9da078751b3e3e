"""Networks are tested as they run: on one thread, whatever else the machine does."""

from models.serving.one_thread import pin_one_thread

pin_one_thread()
