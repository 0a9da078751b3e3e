from __future__ import annotations

import faust

from streams.engine.kafka.topic import GuardedTopic


def test_a_channel_of_several_topics_has_all_their_names() -> None:
    app = faust.App("topic-test", broker="kafka://127.0.0.1:1")
    assert GuardedTopic(app, topics=["a", "b"]).get_topic_name() == "a, b"
