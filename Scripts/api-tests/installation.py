"""Starts the program with settings that make it answer what it seldom does, and sends requests to it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time

import requests
from schemathesis.core.transport import Response

KEYS = ["api-test-key", "api-test-holder-1", "api-test-holder-2", "api-test-holder-3"]
SECONDS_TO_START = 60
SECONDS_TO_ANSWER = 60
# After which a request that was sent has its place.
SECONDS_TO_ARRIVE = 0.5


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def stop(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()


class Broker:
    """An embedded broker by itself; a context manager that stops it."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, "dev-broker"], stdout=subprocess.PIPE, text=True)
        self.settings = dict(self.process.stdout.readline().strip().split("=", 1) for _ in range(2))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)


class Installation:
    """One running program; a context manager that stops it."""

    def __init__(self, command, settings, waits_for="/-/ready"):
        self.port = free_port()
        self.log = tempfile.TemporaryFile()
        environment = {
            **os.environ, "HTTP_PORT": str(self.port), "PGM_API_KEYS": ",".join(KEYS), "LOG_LEVEL": "critical",
            **settings,
        }
        self.process = subprocess.Popen(command, env=environment, stdout=self.log, stderr=self.log)
        end = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                if self.send("GET", waits_for).status_code == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > end:
                self.log.seek(0)
                raise SystemExit(f"{command} did not get ready:\n{self.log.read().decode(errors='replace')}")
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)

    def send(self, method, target, body=None, headers=None, key=KEYS[0]):
        """Sends one request; `body` may be bytes or what becomes JSON."""
        headers = dict(headers or {})
        if key:
            headers.setdefault("Authorization", f"Bearer {key}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_TO_ANSWER)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            headers.setdefault("Content-Length", str(len(body or b"")))
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            try:
                connection.send(body or b"")
            except (BrokenPipeError, ConnectionResetError):
                pass  # It answered before it had everything, as it does to a body that is too large.
            return self.answer(connection.getresponse(), method, target)
        finally:
            connection.close()

    def answer(self, response, method, target):
        """An answer in the form that schemathesis validates."""
        headers = {}
        for name, value in response.getheaders():
            headers.setdefault(name.lower(), []).append(value)
        request = requests.Request(method, f"http://127.0.0.1:{self.port}{target}").prepare()
        return Response(
            status_code=response.status, headers=headers, content=response.read(), request=request, elapsed=0.0,
            verify=False)

    def hold(self, method, target, key=None):
        """A connection whose request never arrives completely, and occupies a place until it is closed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_TO_ANSWER)
        connection.putrequest(method, target)
        if key:
            connection.putheader("Authorization", f"Bearer {key}")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", "10")
        connection.endheaders()
        time.sleep(SECONDS_TO_ARRIVE)
        return connection

    def fault(self, provider, fault):
        """Makes the simulator of a provider misbehave; None makes it well again."""
        target = f"/-/sandbox/{provider}/__faults"
        answer = self.send("POST", target, fault) if fault else self.send("DELETE", target)
        assert answer.status_code in (200, 201), answer.content
