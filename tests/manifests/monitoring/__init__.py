"""Alert rules and the dashboard, against promtool and the metrics that there are."""
