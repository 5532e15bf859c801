"""What the whole suite has seen, held against what is served and described. Last, and only with --coverage."""

# Not asked of each operation: what needs authentication, overload, time or breakage, and what one gate
# answers for all of them (test_http.py and cases/http provoke those).
UNPROVOKED = {"401", "403", "408", "419", "429", "500", "502", "503", "504", "4XX", "5XX", "default"}
GATES = {"405", "406", "411", "413", "414", "415", "431"}
# Lost to another change at the same time; tests/races does that.
RACES = {("undoTable", "409"), ("updateWarehouse", "409")}


def test_every_route_is_described(contract):
    described = {(op.method, op.path) for op in contract.operations}
    assert {(method, path) for method, path, _ in contract.routes} <= described


def test_only_routes_are_described(contract):
    served = {(method, path) for method, path, _ in contract.routes}
    assert {(op.method, op.path) for op in contract.operations} <= served


def test_every_described_status_was_seen(contract):
    missing = [
        f"{op.name} {status}"
        for op in contract.operations
        for status in op.responses()
        if status not in UNPROVOKED | GATES
        and (op.name, status) not in RACES
        and (op.name, int(status)) not in contract.seen
    ]
    assert not missing, "\n".join(missing)


def test_every_operation_succeeded_and_was_refused(contract):
    never_refused = {"healthLive", "healthReady", "metrics", "getInfo", "listWarehouses"}
    good = {name for name, status in contract.seen if status < 400}
    bad = {name for name, status in contract.seen if status >= 400} | never_refused
    names = {name for _, _, name in contract.routes}
    assert names - good == set() and names - bad == set()
