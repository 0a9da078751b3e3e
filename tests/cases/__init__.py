"""Cases: small recordings with one fault each, and what should become of them.

`python -m tests.cases DIR` imports the folder `rec` of each folder in DIR and compares what is
found with its `expect.txt`. `--end-to-end` passes each recording through a worker's agents too.
"""
