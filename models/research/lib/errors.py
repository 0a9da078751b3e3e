"""The base class of research's errors for input that a command cannot use.

```
ResearchError               base class; one line that names the thing, its value and the fix
├── EndpointError           a language model's endpoint gave no usable answer
├── InterpretationsError    a file does not have the interpretations of these windows
├── OntologyError           AudioSet's files are missing or lack what is folded
├── SentenceEncoderError    no sentence encoder can be had
├── TablesError             a published data set lacks what a table needs
├── TextTableError          a table of text embeddings cannot be read, or lacks a name
├── TrainingError           the data or weights that a training step needs are missing
├── WindowsError            a file or array does not have windows of motion
│   └── EvaluationError     two files cannot be compared, or a kept run is damaged
└── YamnetError             YAMNet's file or interpreter is missing, or the file is another's
```
"""

from __future__ import annotations


class ResearchError(Exception):
    """Base class of research's errors; the text is one line."""
