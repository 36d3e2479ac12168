"""A task forked from a warm process instead of started as a new interpreter.

From the outside in: `launcher` (what a step decorator calls), `seam` (where Metaflow starts a
task), `refusal` (when a task is started as before), `zygote` (the warm processes), `pool` (the
children that they keep ready), `request` (what a child is told), `task` (what the orchestrator
holds of it), `child` (how it becomes the task), `linux` (the system calls behind it).
"""
