"""The services around the pipeline: settings, brokers, topics, stores, metrics and dashboards."""
