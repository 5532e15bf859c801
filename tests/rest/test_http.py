"""The HTTP level: what clients, proxies and attackers do with bytes."""

import gzip
import json
import re
import socket
import zlib

import pyarrow
import pytest
import wire

MIB = 1 << 20
BODY_LIMIT = 64 * MIB


class Raw:
    """A socket that speaks what it is told and reads whole answers."""

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=wire.TIMEOUT)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        return self

    def answer(self, head=False):
        """(status, headers, body); None at the end of the connection."""
        line = self.file.readline()
        if not line:
            return None
        status = int(line.split()[1])
        headers = {}
        while text := self.file.readline().strip():
            name, _, value = text.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = b"" if head or status in (100, 204, 304) else self.file.read(int(headers.get("content-length", 0)))
        return status, headers, body

    def closed(self):
        """True when the server ends the connection."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.file.close()
        self.socket.close()


@pytest.fixture
def raw(address):
    opened = []

    def connect():
        opened.append(Raw(address))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def error_of(answer):
    status, headers, body = answer
    error = json.loads(body)["error"]
    assert error["code"] == status and headers["x-request-id"] and headers["date"]
    return status, error["type"]


# ---- connections ---------------------------------------------------------------------------------


def test_keep_alive(raw):
    connection = raw()
    for _ in range(3):
        connection.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.answer()[0] == 200


def test_connection_close(raw):
    connection = raw().send("GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    status, headers, _ = connection.answer()
    assert status == 200 and headers["connection"] == "close" and connection.closed()


def test_http_1_0_closes(raw):
    connection = raw().send("GET /health/live HTTP/1.0\r\n\r\n")
    assert connection.answer()[0] == 200 and connection.closed()


def test_pipelining(raw, warehouse):
    """Answers come in the order of the requests, also when a slow one is first."""
    body = json.dumps({"namespace": ["a"]})
    requests = [
        f"POST {warehouse.base}/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}",
        f"GET {warehouse.base}/namespaces/a HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET {warehouse.base}/namespaces/none HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET {warehouse.base}/namespaces HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    connection = raw().send("".join(requests))
    answers = [connection.answer() for _ in requests]
    assert [a[0] for a in answers] == [200, 200, 200, 404, 200]
    assert json.loads(answers[4][2]) == {"namespaces": [["a"]]}


def test_a_refused_route_keeps_the_connection(raw):
    """A request without a body that is refused at once doesn't cost its connection."""
    connection = raw()
    for _ in range(2):
        connection.send("GET /nothing/here HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.answer()[0] == 404
    connection.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.answer()[0] == 200


def test_slow_bytes(raw, warehouse):
    """A request may arrive byte by byte."""
    connection = raw()
    for byte in f"GET {warehouse.base}/namespaces HTTP/1.1\r\nHost: x\r\n\r\n".encode():
        connection.send(bytes([byte]))
    assert connection.answer()[0] == 200


@pytest.mark.parametrize(
    "text",
    [
        "GARBAGE\r\n\r\n",
        "GET\r\n\r\n",
        "GET /health/live HTTP/9.9\r\n\r\n",
        "\x01\x02\x03 \x04\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nno colon\r\n\r\n",
        "GET /health/live HTTP/1.1\r\n\r\n",
        "POST /v1/demo/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /v1/demo/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n",
        "POST /v1/demo/namespaces HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST /v1/demo/namespaces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_garbage(raw, client, text):
    """Refused or cut off, and the next connection is served."""
    answer = raw().send(text).answer()
    assert answer is None or 400 <= answer[0] < 600
    assert client.get("/health/live").status == 200


def test_smuggling(raw):
    """Two opinions about a body's length are refused: what follows is never taken for a request."""
    smuggled = "GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n"
    connection = raw().send(
        "POST /v1/demo/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(smuggled)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}"
    )
    answer = connection.answer()
    assert answer is None or answer[0] == 400
    assert connection.closed()


def test_two_lengths(raw):
    connection = raw().send(
        "POST /v1/demo/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}GET /health/ready HTTP/1.1\r\n\r\n"
    )
    answer = connection.answer()
    assert answer is None or answer[0] == 400
    assert connection.closed()


# ---- limits --------------------------------------------------------------------------------------


def test_length_required(raw):
    connection = raw().send("POST /v1/demo/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\r\n")
    assert error_of(connection.answer()) == (411, "BadRequestException")


def test_announced_too_large(raw):
    connection = raw().send(
        "POST /v1/demo/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {BODY_LIMIT + 1}\r\n\r\n"
    )
    assert error_of(connection.answer()) == (413, "PayloadTooLargeException")


def test_chunked_too_large(raw):
    connection = raw().send(
        "POST /v1/demo/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"%x\r\n" % MIB + b" " * MIB + b"\r\n"
    try:
        for _ in range(BODY_LIMIT // MIB + 1):
            connection.send(chunk)
        connection.send("0\r\n\r\n")
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert error_of(connection.answer()) == (413, "PayloadTooLargeException")


def test_gzip_bomb(warehouse):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(b" " * MIB) for _ in range(BODY_LIMIT // MIB + 1)) + packer.flush()
    assert len(bomb) < MIB
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = warehouse.client.call("POST", f"{warehouse.base}/namespaces", bomb, headers, 413)
    assert answer.error["type"] == "PayloadTooLargeException"


def test_uri_too_long(client):
    answer = client.get("/v1/config?warehouse=" + "x" * 9000, 414)
    assert answer.error["type"] == "UriTooLongException"


def test_headers_too_large(client):
    answer = client.get("/health/live", 431, **{"X-Long": "x" * 13000})
    assert answer.error["type"] == "HeadersTooLargeException"


def test_beyond_every_limit(raw, client):
    """More than is read at all: refused without words, and nothing breaks."""
    for text in ("GET /" + "x" * 200000 + " HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nX: " + "x" * 200000 + "\r\n\r\n"):
        try:
            answer = raw().send(text).answer()
        except ConnectionResetError:
            continue
        assert answer is None or answer[0] in (400, 413, 414, 431)
    assert client.get("/health/live").status == 200


def test_deep_json(warehouse):
    client, path = warehouse.client, f"{warehouse.base}/namespaces"
    for text in (b"[" * 100000, b'{"a":' * 100000, b'{"namespace":["a"],"x":' + b"[" * 5000 + b"]" * 5000 + b"}"):
        answer = client.call("POST", path, text, {"Content-Type": "application/json"}, 400)
        assert answer.error["type"] == "BadRequestException"


def test_many_updates(warehouse):
    table, _ = warehouse.table(warehouse.namespace("a"), "t")
    update = {"action": "set-properties", "updates": {"k": "v"}}
    answer = warehouse.client.post(table, {"requirements": [], "updates": [update] * 200000}, 400)
    assert "updates" in answer.error["message"]


# ---- bodies --------------------------------------------------------------------------------------


def test_chunked_body(raw, warehouse):
    body = json.dumps({"namespace": ["chunked"]}).encode()
    chunks = b"".join(b"%x;ext=1\r\n" % len(body[i : i + 3]) + body[i : i + 3] + b"\r\n" for i in range(0, len(body), 3))
    connection = raw().send(
        f"POST {warehouse.base}/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    connection.send(chunks + b"0\r\nTrailer: x\r\n\r\n")
    status, _, answer = connection.answer()
    assert status == 200 and json.loads(answer)["namespace"] == ["chunked"]
    connection.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.answer()[0] == 200


def test_expect_continue(raw, warehouse):
    body = json.dumps({"namespace": ["patient"]})
    connection = raw().send(
        f"POST {warehouse.base}/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    assert connection.answer()[0] == 100
    assert connection.send(body).answer()[0] == 200


@pytest.mark.parametrize("header, status", [("Content-Type: text/plain", 415), (f"Content-Length: {BODY_LIMIT + 1}", 413)])
def test_expect_continue_refused(raw, warehouse, header, status):
    """A body that won't be read isn't asked for."""
    length = "" if header.startswith("Content-Length") else "Content-Length: 100\r\n"
    connection = raw().send(
        f"POST {warehouse.base}/namespaces HTTP/1.1\r\nHost: x\r\n{header}\r\n{length}Expect: 100-continue\r\n\r\n"
    )
    assert connection.answer()[0] == status


def test_gzip_body(warehouse):
    body = gzip.compress(json.dumps({"namespace": ["zipped"], "properties": {"k": "v" * 100000}}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = warehouse.client.call("POST", f"{warehouse.base}/namespaces", body, headers, 200)
    assert answer.json()["properties"] == {"k": "v" * 100000}


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_broken_gzip_body(warehouse, cut):
    body = gzip.compress(json.dumps({"namespace": ["zipped"]}).encode())[:-cut]
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    warehouse.client.call("POST", f"{warehouse.base}/namespaces", body, headers, 400)


def test_body_that_never_comes(raw, client):
    """The client goes away in the middle of its body."""
    for _ in range(20):
        connection = raw().send(
            "POST /v1/demo/namespaces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            'Content-Length: 100\r\n\r\n{"names'
        )
        connection.close()
    assert client.get("/health/live").status == 200


def test_delete_with_a_body(raw, warehouse):
    """Some clients send one; it is read and means nothing."""
    warehouse.namespace("a")
    connection = raw().send(f"DELETE {warehouse.base}/namespaces/a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{{}}")
    assert connection.answer()[0] == 204
    connection.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.answer()[0] == 200


# ---- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/health/live", "/v1/config?warehouse=demo", "/v1/demo/namespaces", "/management/v1/info"])
def test_head_is_get_without_a_body(raw, path):
    connection = raw().send(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    status, headers, _ = connection.answer(head=True)
    connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    other, others, body = connection.answer()
    assert (status, headers["content-length"], headers["content-type"]) == (other, str(len(body)), others["content-type"])


def inflate(answer):
    if answer["Content-Encoding"] == "gzip":
        return gzip.decompress(answer.body)
    return pyarrow.input_stream(pyarrow.py_buffer(answer.body), compression="zstd").read()


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_encoded_answers(warehouse, coding):
    client = warehouse.client
    table, made = warehouse.table(warehouse.namespace("a"), "t", properties={"long": "x" * 5000})
    plain = client.get(table)
    assert plain["Content-Encoding"] is None
    for _ in range(2):  # the second from the cache
        coded = client.get(table, **{"Accept-Encoding": coding})
        assert coded["Content-Encoding"] == coding and "Accept-Encoding" in coded["Vary"]
        assert len(coded.body) < len(plain.body) and inflate(coded) == plain.body
        assert coded["ETag"] == plain["ETag"]
    client.get(table, 304, **{"Accept-Encoding": coding, "If-None-Match": coded["ETag"]})


def test_every_encoded_answer_says_that_it_varies(client):
    answer = client.get("/metrics", **{"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip" and "Accept-Encoding" in (answer["Vary"] or "")


@pytest.mark.parametrize(
    "accept, coding",
    [
        ("gzip, zstd", "zstd"),
        ("gzip;q=0.5", "gzip"),
        ("zstd;q=0, gzip", "gzip"),
        ("gzip;q=0", None),
        ("br, deflate", None),
        ("identity", None),
        ("GZIP", "gzip"),
    ],
)
def test_accept_encoding(client, accept, coding):
    answer = client.get("/metrics", **{"Accept-Encoding": accept})
    assert answer["Content-Encoding"] == coding


def test_small_answers_are_not_encoded(client):
    assert client.get("/health/live", **{"Accept-Encoding": "gzip"})["Content-Encoding"] is None


def test_errors_are_fresh(client):
    """Every answer has an id of its own."""
    ids = {client.get("/nothing", 404)["X-Request-Id"] for _ in range(5)}
    assert len(ids) == 5


# ---- what others watch ---------------------------------------------------------------------------

SAMPLE = re.compile(r'[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [-+]?(\d+(\.\d+)?([eE][-+]?\d+)?|\+Inf|NaN)')


def samples(client):
    answer = client.get("/metrics")
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    kinds, found = {}, {}
    for line in answer.body.decode().splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds and kind in ("counter", "gauge", "histogram"), line
            kinds[name] = kind
        elif not line.startswith("# HELP "):
            assert SAMPLE.fullmatch(line), line
            name, _, value = line.rpartition(" ")
            family = name.partition("{")[0]
            assert family in kinds or re.sub("_(bucket|sum|count)$", "", family) in kinds, line
            assert name not in found, line
            found[name] = float(value)
    assert {"firn_requests_total", "firn_request_seconds"} <= set(kinds)
    return found


def test_metrics(client, contract, warehouse):
    before = samples(client)
    ns = warehouse.namespace("a")
    table, _ = warehouse.table(ns, "t")
    client.get(table)
    client.get(f"{ns}/tables/none", 404)
    client.post(table, {"requirements": [{"type": "assert-create"}], "updates": []}, 409)
    after = samples(client)

    def grew(name):
        return after.get(name, 0) - before.get(name, 0)

    assert grew('firn_requests_total{operation="loadTable",status="2xx"}') == 1
    assert grew('firn_requests_total{operation="loadTable",status="4xx"}') == 1
    assert grew('firn_requests_total{operation="updateTable",status="4xx"}') == 1
    assert grew('firn_request_seconds_count{operation="loadTable"}') == 2
    assert grew("firn_commits_total") == 1 and grew("firn_commit_conflicts_total") == 1
    assert grew("firn_postgresql_calls_total") > 0 and grew("firn_store_calls_total") > 0
    names = {name for _, _, name in contract.routes} | {"unknown"}
    labels = {m[1] for m in (re.search(r'operation="([^"]+)"', name) for name in after) if m}
    assert labels <= names
    buckets = [v for k, v in after.items() if k.startswith('firn_request_seconds_bucket{operation="loadTable"')]
    assert buckets == sorted(buckets) and buckets[-1] == after['firn_request_seconds_count{operation="loadTable"}']


def access_lines(server, request_id):
    lines = [json.loads(line) for line in server.log().splitlines() if request_id in line]
    return [line for line in lines if line.get("request_id") == request_id]


def test_access_line(server, client, warehouse):
    """One line per request, with what was done and how long it took."""
    answer = client.get(f"{warehouse.base}/namespaces/none", 404)
    client.get("/health/live")  # on the same connection: the line before is written
    (line,) = access_lines(server, answer["X-Request-Id"])
    assert line["operation"] == "loadNamespaceMetadata" and line["status"] == 404
    assert {"ms", "lane_ms", "db_ms", "store_ms", "path", "error"} <= set(line)


@pytest.mark.parametrize(
    "given, taken",
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", True),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", False),
        ("nonsense", False),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01", False),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", False),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", False),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", False),
    ],
)
def test_trace_context(server, client, given, taken):
    answer = client.get("/health/live", traceparent=given)
    client.get("/health/live")
    (line,) = access_lines(server, answer["X-Request-Id"])
    assert ("traceparent" in line) == taken
    if taken:
        assert "4bf92f3577b34da6a3ce929d0e0e4736" in line["traceparent"]


def test_no_control_characters_reach_the_log(server, client, warehouse):
    """What a client writes can't forge a line."""
    answer = client.get(f"{warehouse.base}/namespaces/%0A%7B%22forged%22%3A1%7D", 400)
    client.get("/health/live")
    (line,) = access_lines(server, answer["X-Request-Id"])
    assert line["status"] == 400
