"""Durable jobs: work that outlives the process that does it.

A job (a file of items, a video, a delivery) is a plan, segments and a last step. Each is a task of its own; its result
and all that follows from it commit together in the store, so that a worker that dies costs at most what it had in hand.

    kinds.py      the seam: what a kind of job has to say (plan, segment, final)
    bulk.py ...   one kind a file; registry.py lists them
    desk.py       how a job is submitted: bytes to the blob folder, the same job only once
    worker.py     takes tasks up, checkpoints them, watches the other workers and takes over from the dead
    engine.py     the queue: DBOS Transact, on SQLite or PostgreSQL. It holds ids and nothing else
    process.py    a worker with a process to itself: `evenhand worker`

The store's tables say what there is to do (an outbox: a task commits with its job); DBOS says who does it, under the
limits of each queue and tenant. Should its tables be lost, they are filled again from the store's.
"""
