"""The Faust app: agents, producers, commands and the page.

Agents, one a file. `dispatcher` lets `windower` cut frames and hands the windows in memory to
`localization`, `scenario_estimator`, `har`, `sound_events` and `scenario_joiner`; `refiner` (with
`refinement`), `log`, `corrections` and `notifications` read topics; `live_view` and
`window_pictures` feed the page.

The dispatcher's own parts are `attempts` (running an agent on a window), `session_work`,
`session_memory` and `session_checkpoint` (a session's state), `window_ahead` and `position`.
"""
