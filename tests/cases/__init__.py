"""Cases: small recordings or answers with one fault each, and what should become of them.

`python -m tests.cases DIR` imports the folder `rec` of each folder in DIR and compares what is
found with its `expect.txt`. `--end-to-end` passes each recording through a worker's agents too. A
folder with a `body.json` or a `rule.txt` is what a language model's server answers, which is put to
the refiner.
"""
