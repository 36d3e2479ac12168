"""A user's script, grown up: into functions, into a flow, and proven by running all three.

The passes, in their order: ``script`` reads, ``notebook`` turns cells into a script,
``unwrap`` lays ``main()`` open, ``names`` says what each statement reads and binds, ``lift``
gives functions their globals, ``head`` says what stays at the module's head, ``liveness`` what
crosses each place, ``hazards`` (with ``figures``) where no boundary can be, ``headings`` what
the comments say, ``segment`` cuts, ``naming`` names (by ``words``), ``plan`` puts these together;
``functions_text`` and ``flow_text`` write.
"""
