"""What runs in the user's own Python, around the user's own script.

This folder is copied beside the scratch folder, as a package of its own: the user's Python need
not have mlstages. It imports the standard library only, and others' libraries only where the
script has loaded them. ``script_run`` runs a script under record, ``flow_task`` records the tasks
of a flow (as part of ``sitecustomize``), ``observer`` looks at what each boundary would carry;
``stage_locals`` keeps what functions bind for themselves; ``digests`` and ``figures`` say what a
value and a picture are, so that equal digests of two runs mean equal content; ``standing_clock``
makes a run repeatable.

The environment says where records go (``MLSTAGES_RECORD``), which modules are the script's
(``MLSTAGES_MODULES``), which functions are its stages (``MLSTAGES_STAGES``), and whether seeds and
clock are fixed (``MLSTAGES_FIXED``).
"""
