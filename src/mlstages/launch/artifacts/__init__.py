"""Large artifacts at the price of writing their bytes.

Metaflow 2.19 pickles each artifact, hashes the pickle and compresses it: for 80 MB of
floating-point numbers 2.3 seconds, of which gzip takes 2.2 and saves 4 %. It does so for
artifacts that a step has only read, too. Here a large artifact, unless it compresses to a
tenth, is stored like this:

- The file is the pickle itself, uncompressed. Its name is its SHA-1, as ever, and its ``_meta``
  says "raw", which every Metaflow understands: all it does is to unpickle.
- Within the pickle each large array begins at a multiple of 64 bytes, and after its end a
  table says where. So a later task of the run maps the file and has the arrays where they lie.
- The mapping is private: who writes into an array writes into pages of its own.
- An artifact whose arrays still lie in their mapping, no page of it written, is not stored
  again: it has its name.

`install` is what a step decorator calls in its ``task_pre_step``; `keep_included_files_raw`
does the like for `IncludeFile`, in the process that starts a run.
"""

from mlstages.launch.artifacts.included_files import keep_included_files_raw
from mlstages.launch.artifacts.install import install

__all__ = ["install", "keep_included_files_raw"]
