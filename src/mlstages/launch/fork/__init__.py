"""A task forked from a warm process instead of started as a new interpreter.

From the outside in: `orchestrator` (what starts a run), `launcher` (what a step decorator
calls), `seam` (where Metaflow starts a task), `refusal` (when a task is started as before),
`preload` and `plan` (what is imported ahead, and for which steps), `zygote` (the warm
processes), `pool` (the children that they keep ready), `request` (what a child is told), `task`
(what the orchestrator holds of it), `child` (how it becomes the task), `facts` and `shortcuts`
(what it need not do again), `warned` (what imports made ahead have warned of), `cards` (the
processes that a task asks for), `packaging` (the code package of a run that stays here).
"""
