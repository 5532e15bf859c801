"""Lists of 1,000 and 10,000 tables, and what the next sibling costs."""

import statistics
import threading
import time

from load import Load, median
from place import SCHEMA, Api


def create_tables(port, namespace, names, threads=8):
    left, lock = iter(names), threading.Lock()

    def work():
        api = Api(port)
        while True:
            with lock:
                name = next(left, None)
            if name is None:
                return
            api.call("POST", f"/v1/demo/namespaces/{namespace}/tables", {"name": name, "schema": SCHEMA})

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def creation_ms(api, namespace, names):
    took = []
    for name in names:
        started = time.perf_counter()
        api.call("POST", f"/v1/demo/namespaces/{namespace}/tables", {"name": name, "schema": SCHEMA})
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def read_ms(api, path, before_each):
    took = []
    for number in range(9):
        before_each(number)
        started = time.perf_counter()
        api.fetch(path)
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def bench_lists(place, options):
    api = place.api
    for namespace, n in (("l1k", 1000), ("l10k", 10000)):
        path = f"/v1/demo/namespaces/{namespace}/tables"
        api.call("POST", "/v1/demo/namespaces", {"namespace": [namespace]})
        first = creation_ms(api, namespace, [f"early_{number}" for number in range(50)])
        create_tables(place.firn.port, namespace, [f"table_{number:05}" for number in range(n - 50)])
        place.sql("vacuum analyze")
        if n == 10000:
            late = creation_ms(api, namespace, [f"late_{number}" for number in range(50)])
            yield "one more table beside 10,000, beside none", late, "ms", first
        loads = [Load(place.firn, path, 8, options.seconds) for _ in range(options.rounds)]
        yield f"{n} tables, unchanged, 8 connections", median(loads, "rate"), "1/s", None

        def touch(number, namespace=namespace):
            api.call("POST", f"/v1/demo/namespaces/{namespace}/tables", {"name": f"new_{number}", "schema": SCHEMA})

        yield f"{n} tables, just changed", read_ms(api, path, touch), "ms", None
        yield f"{n} tables, unchanged", read_ms(api, path, lambda number: None), "ms", None
