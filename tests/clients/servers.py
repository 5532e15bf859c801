"""The processes the client tests talk to: Firn, Iceberg's reference server, and S3 stores.

Each class starts one process on free loopback ports and stops exactly that process again.
"""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(
    os.environ.get("FIRN_TEST_CACHE")
    or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "firn-tests"
)
BINARY = os.environ.get("FIRN_BINARY") or str(ROOT / "build" / "asan" / "firn")
WAREHOUSE = "demo"
REGION = "us-east-1"
SANITIZER = re.compile(r"runtime error: |(Address|Leak|Thread|UndefinedBehavior)Sanitizer")


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def scratch(prefix):
    """A new folder that other users can enter: the embedded PostgreSQL does not run as root."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    return folder


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


class Child:
    """A child process with its log, ready when `ready()` says so."""

    def __init__(self, command, folder, env=None):
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, stdout=log, stderr=log, env={**os.environ, **(env or {})}
            )

    def wait_until(self, ready, seconds=60):
        for _ in range(seconds * 10):
            if ready():
                return
            try:
                code = self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"ended with {code}:\n{self.log.read_text()[-4000:]}")
        self.stop()
        raise RuntimeError(f"not ready after {seconds} s:\n{self.log.read_text()[-4000:]}")

    def stop(self):
        """At once: nothing these children hold outlives the test."""
        self.process.kill()
        self.process.wait()


class FileStore:
    """Tables in a local folder."""

    scheme = "file"

    def __init__(self):
        self.folder = scratch("firn-files-")
        self.location = f"file://{self.folder}"

    def server_env(self):
        return {}

    def reference_env(self):
        return {}

    def python_properties(self):
        return {}

    def java_properties(self):
        return {"io-impl": "org.apache.iceberg.hadoop.HadoopFileIO"}

    def names(self, location):
        """Names of all files at and beneath a location."""
        folder = pathlib.Path(location.removeprefix("file://").removeprefix("file:"))
        return [str(p) for p in folder.rglob("*") if p.is_file()]

    def stop(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class S3Store:
    """Tables in a bucket of an S3 server that this object starts."""

    scheme = "s3"
    bucket = "lake"
    key = "firn-test"
    secret = "firn-test-secret"

    def __init__(self):
        self.folder = scratch("firn-s3-")
        self.location = f"s3://{self.bucket}/warehouse"
        port = self.start()
        self.endpoint = f"http://127.0.0.1:{port}"
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
        )
        self.child.wait_until(self.make_bucket)

    def make_bucket(self):
        try:
            self.client.create_bucket(Bucket=self.bucket)
            self.client.put_object(Bucket=self.bucket, Key="ready", Body=b"")
        except (BotoCoreError, ClientError):
            return False
        return True

    def server_env(self):
        return {
            "FIRN_S3_ENDPOINT": self.endpoint,
            "FIRN_S3_REGION": REGION,
            "FIRN_S3_PATH_STYLE": "true",
            "FIRN_S3_ACCESS_KEY": self.key,
            "FIRN_S3_SECRET_KEY": self.secret,
        }

    def reference_env(self):
        names = {k.replace("-", "__").replace(".", "_"): v for k, v in self.java_properties().items()}
        return {f"CATALOG_{k.upper()}": v for k, v in names.items()}

    def python_properties(self):
        return {
            "s3.endpoint": self.endpoint,
            "s3.region": REGION,
            "s3.access-key-id": self.key,
            "s3.secret-access-key": self.secret,
            "s3.force-virtual-addressing": "false",
        }

    def java_properties(self):
        return {
            "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
            "s3.endpoint": self.endpoint,
            "s3.path-style-access": "true",
            "s3.access-key-id": self.key,
            "s3.secret-access-key": self.secret,
            "client.region": REGION,
        }

    def names(self, location):
        prefix = location.removeprefix(f"s3://{self.bucket}/").rstrip("/") + "/"
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def stop(self):
        self.child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class SeaweedStore(S3Store):
    def start(self):
        master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3, s3_grpc = free_ports(8)
        identity = {
            "name": "firn",
            "credentials": [{"accessKey": self.key, "secretKey": self.secret}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        (self.folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        self.child = Child(
            [
                *("weed", "server", f"-dir={self.folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
                *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=100"),
                *("-volume.preStopSeconds=0", "-filer", "-s3", "-s3.config=s3.json"),
                *("-s3.port.iceberg=0", "-s3.port.lance=0"),
                *(f"-master.port={master}", f"-master.port.grpc={master_grpc}"),
                *(f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}"),
                *(f"-filer.port={filer}", f"-filer.port.grpc={filer_grpc}"),
                *(f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}"),
            ],
            self.folder,
        )
        return s3


class MinioStore(S3Store):
    def start(self):
        port, console = free_ports(2)
        self.child = Child(
            [
                *(str(CACHE / "bin" / "minio"), "server", str(self.folder / "data")),
                *("--address", f"127.0.0.1:{port}", "--console-address", f"127.0.0.1:{console}"),
            ],
            self.folder,
            {"MINIO_ROOT_USER": self.key, "MINIO_ROOT_PASSWORD": self.secret, "MINIO_CI_CD": "1"},
        )
        return port


STORES = {"file": FileStore, "seaweedfs": SeaweedStore, "minio": MinioStore}


class Firn:
    """`firn dev` on a private database, over one store."""

    def __init__(self, store, *options):
        self.store = store
        self.options = options
        self.folder = scratch("firn-")
        self.uri = f"http://127.0.0.1:{free_ports(1)[0]}"
        try:
            self.start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def start(self):
        command = [
            *(BINARY, "dev", "--data-dir", str(self.folder / "data")),
            *("--listen", self.uri.removeprefix("http://")),
            *("--warehouse", self.store.location, "--detach", *self.options),
        ]
        environment = {**os.environ, **self.store.server_env()}
        ended = subprocess.run(
            command,
            check=False,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=120,
        )
        if ended.returncode:
            raise RuntimeError(f"{' '.join(command)}: {ended.stdout.decode()}\n{self.log()[-8000:]}")
        self.pid = int((self.folder / "data" / "firn.pid").read_text())

    def log(self):
        log = self.folder / "data" / "firn.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def end(self):
        """TERM, and what it left in the log; the data stays."""
        descriptor = os.pidfd_open(self.pid)
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)
            ended, _, _ = select.select([descriptor], [], [], 60)
            if not ended:
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                raise RuntimeError(f"firn {self.pid} did not end within 60 s of TERM:\n{self.log()[-8000:]}")
        finally:
            os.close(descriptor)
        self.check_log()

    def kill(self):
        """kill -9, waited for."""
        descriptor = os.pidfd_open(self.pid)
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        select.select([descriptor], [], [], 60)
        os.close(descriptor)

    def check_log(self):
        """The sanitizers speak into the log."""
        found = SANITIZER.search(self.log())
        if found:
            raise RuntimeError(self.log()[found.start() :][:8000])

    def stop(self):
        try:
            self.end()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


class Reference:
    """Iceberg's own REST fixture over SQLite: what a client test should also pass against."""

    def __init__(self, store):
        self.store = store
        self.folder = scratch("firn-reference-")
        (port,) = free_ports(1)
        self.uri = f"http://127.0.0.1:{port}"
        jars = [str(CACHE / "rck" / "*"), *map(str, (CACHE / "jars").glob("iceberg-aws-bundle-*.jar"))]
        self.child = Child(
            [
                *("java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", ":".join(jars)),
                "org.apache.iceberg.rest.RESTCatalogServer",
            ],
            self.folder,
            {
                "CATALOG_REST_PORT": str(port),
                "CATALOG_WAREHOUSE": store.location,
                "CATALOG_URI": f"jdbc:sqlite:{self.folder}/catalog.db",
                "CATALOG_JDBC_SCHEMA__VERSION": "V1",
                **store.reference_env(),
            },
        )
        self.child.wait_until(lambda: answers(self.uri + "/v1/config"))

    def stop(self):
        self.child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


SERVERS = {"firn": Firn, "reference": Reference}
