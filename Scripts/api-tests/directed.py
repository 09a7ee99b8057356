"""Provokes every documented status of every operation, validates each answer, and prints what was reached.

Usage: directed.py ANSWERS COMMAND...   for instance: directed.py answers.jsonl .build/debug/pgm dev
"""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import schemathesis

from answers import Answers, Documented, report
from bodies import Requests
from installation import KEYS, SECONDS_TO_ARRIVE, Broker, Installation

# Short waits, so that what ends by time ends soon.
IMPATIENT = {
    "REQUEST_TIMEOUT_SECONDS": "4", "KAFKA_DELIVERY_TIMEOUT_SECONDS": "3", "HTTP_READ_TIMEOUT_SECONDS": "1",
    "STRIPE_TIMEOUT_SECONDS": "1", "GENERIC_PROVIDER_TIMEOUT_SECONDS": "1",
}
NARROW = {"HTTP_MAX_REQUESTS": "3", "HTTP_MAX_REQUESTS_PER_CALLER": "1", "HTTP_READ_TIMEOUT_SECONDS": "60"}
# An ingress by itself: with a broker but no worker, or with a broker that is not there.
ALONE = {
    "HTTP_HOST": "127.0.0.1", "KAFKA_DELIVERY_TIMEOUT_SECONDS": "2", "REQUEST_TIMEOUT_SECONDS": "4",
    "PGM_ENCRYPTION_KEYS": "api-test:" + "A" * 43 + "=", "ENABLED_PROVIDERS": "generic-provider,stripe",
    "PGM_PUBLIC_URL": "http://127.0.0.1:1", "GENERIC_PROVIDER_BASE_URL": "http://127.0.0.1:1",
    "STRIPE_BASE_URL": "http://127.0.0.1:1", "STRIPE_TIMEOUT_SECONDS": "1", "GENERIC_PROVIDER_TIMEOUT_SECONDS": "1",
    "GENERIC_PROVIDER_API_KEY": "a", "GENERIC_PROVIDER_CALLBACK_SECRET": "generic-sandbox-secret",
    "STRIPE_PRIVATE_KEY": "a", "STRIPE_WEBHOOK_SECRET": "whsec_sandbox",
}
SEVERED = {**ALONE, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
# Headers that need no documentation: HTTP's own, and what browsers are told.
ORDINARY_HEADERS = {
    "connection", "content-length", "content-type", "date", "server",
    "content-security-policy", "referrer-policy", "x-content-type-options",
}
SECONDS_TO_TAKE_EFFECT = 10


class Directed:
    """Sends requests that must be answered in a certain way."""

    def __init__(self, document, answers):
        self.document, self.answers = document, answers
        self.documented = Documented(document)
        self.schema = schemathesis.openapi.from_dict(document)
        self.problems = []

    def check(self, call, status, answer):
        """Notes an answer, and what is wrong with it."""
        self.answers.add(call.method, call.path, answer.status_code, answer.content)
        if answer.status_code != status:
            self.problems.append(f"{call.name}: {answer.status_code} instead of {status}: {answer.content[:300]}")
        for name in self.documented.required_headers(call.name, answer.status_code) - answer.headers.keys():
            self.problems.append(f"{call.name} answered {status} without the header {name}")
        for name in answer.headers.keys() - self.documented.headers(call.name, answer.status_code) - ORDINARY_HEADERS:
            self.problems.append(f"{call.name} answered {status} with the header {name}, which is not documented")
        try:
            self.schema[call.path][call.method].validate_response(answer)
        except BaseExceptionGroup as group:
            texts = "; ".join(str(error) for error in group.exceptions)
            self.problems.append(f"{call.name} answered {status} otherwise than documented: {texts}")

    def run(self, requests, status, make, send=None):
        """Sends the request that `make` gives to every call with the documented status, all at once."""
        send = send or requests.installation.send
        concerned = [c for c in requests.calls.values() if c.provider and status in c.statuses]
        made = [(call, make(call)) for call in concerned]
        made = [(call, request) for call, request in made if request]
        with ThreadPoolExecutor(max_workers=len(made)) as pool:
            for call, answer in pool.map(lambda each: (each[0], send(*each[1])), made):
                self.check(call, status, answer)

    def ordinary(self, requests):
        """What a running installation answers to anybody."""
        size = 300_000
        stripe_get = lambda call: call.is_callback and call.provider == "stripe" and call.method == "GET"
        for success in (200, 202):
            self.run(requests, success, lambda call: None if stripe_get(call) else requests.known(call))
        # A text that is no reference: signed all the same.
        self.run(
            requests, 400,
            lambda call: None if stripe_get(call) else requests.callback(call, "")
            if call.is_callback else (call.method, call.path, {} if call.takes_body else None, {}))
        self.run(
            requests, 400,
            lambda call: (call.method, call.path, b"{", {}) if call.takes_body else None)
        self.run(
            requests, 401,
            lambda call: (call.method, call.path, b"{}" if call.method == "POST" else None, {}, None))
        self.run(requests, 404, requests.unknown)
        self.run(requests, 413, lambda call: (call.method, call.path, b" " * size, {}))
        self.run(requests, 415, lambda call: (call.method, call.path, b"{}", {"Content-Type": "text/plain"}))
        self.repeated(requests)
        for call in requests.calls.values():
            if call.provider is None:
                self.check(call, 200, requests.installation.send(call.method, call.path))
                if 401 in call.statuses:
                    self.check(call, 401, requests.installation.send(call.method, call.path, key=None))

    def repeated(self, requests):
        """What is answered to the same request again, and to another one in its place."""
        send = requests.installation.send

        def same_again(*request):
            first, second = send(*request), send(*request)
            if second.headers.get("idempotent-replayed") != ["true"] or second.content != first.content:
                self.problems.append(f"{request}: {second.content[:300]} is no replay of {first.content[:300]}")
            return second

        def after(first, second):
            send(*first)
            return send(*second)

        self.run(requests, 200, lambda c: requests.keyed(requests.known(c)) if c.takes_body else None, same_again)
        self.run(requests, 404, lambda c: requests.keyed(requests.unknown(c)) if c.takes_body else None, same_again)
        self.run(requests, 422, requests.key_reused, after)
        self.run(
            requests, 422,
            lambda call: requests.mismatched(call)
            if "PAYMENT_MISMATCH" in self.documented.codes(call.name, 422) else None, after)

    def impatient(self, requests):
        """What takes too long: a request that does not arrive, a provider that does not answer or not usefully."""
        installation = requests.installation

        def unfinished(method, target, _body, _headers):
            connection = installation.hold(method, target, KEYS[0])
            try:
                return installation.answer(connection.getresponse(), method, target)
            finally:
                connection.close()

        self.run(requests, 408, lambda call: (call.method, call.path, None, {}), unfinished)
        faults = {
            502: {"kind": "malformed", "body": "nonsense"}, 503: {"kind": "status", "status": 429},
            504: {"kind": "hang", "milliseconds": 5000},
        }
        providers = {call.provider for call in requests.calls.values() if call.provider}
        for status, fault in faults.items():
            ready = {
                call: requests.keyed(requests.known(call)) if call.takes_body else requests.known(call)
                for call in requests.calls.values() if 502 in call.statuses
            }
            for provider in providers:
                installation.fault(provider, {"operation": "*", "probability": 1, **fault})
            if status == 504:
                # What changes a payment asks for it first, and then has provably done nothing: that is 503.
                self.run(requests, 504, lambda call: None if call.takes_body and not call.starts else ready[call])
                # A call that starts something is one request, so that its outcome is unknown now.
                self.run(requests, 409, lambda call: ready[call] if call.starts else None)
            else:
                self.run(requests, status, ready.get)
            for provider in providers:
                installation.fault(provider, None)

    def narrow(self, requests):
        """What is refused because there is no room: of one caller, and of all."""
        installation = requests.installation

        def until(status, *request):
            end = time.monotonic() + SECONDS_TO_TAKE_EFFECT
            while True:
                answer = installation.send(*request)
                if answer.status_code == status or time.monotonic() > end:
                    return answer

        pay = next(call for name, call in requests.calls.items() if name.endswith("/pay"))
        holders = [installation.hold(pay.method, pay.path, KEYS[1])]
        for call in requests.calls.values():
            if call.provider and 429 in call.statuses:
                own = [installation.hold("POST", call.path)] if call.is_callback else []
                body = None if call.method == "GET" else {}
                self.check(call, 429, until(429, call.method, call.path, body, {}, KEYS[1]))
                for connection in own:
                    connection.close()
        holders += [installation.hold(pay.method, pay.path, key) for key in KEYS[2:]]
        for call in requests.calls.values():
            if call.provider and 503 in call.statuses:
                body = None if call.method == "GET" else {}
                self.check(call, 503, until(503, call.method, call.path, body, {}, KEYS[0]))
        for connection in holders:
            connection.close()

    def unworked(self, requests):
        """What is answered when nobody works on a request, and to its repeat meanwhile."""
        self.run(requests, 504, lambda call: requests.keyed(requests.unknown(call)))
        send = requests.installation.send

        def during(*request):
            with ThreadPoolExecutor(max_workers=1) as pool:
                pool.submit(send, *request)
                time.sleep(SECONDS_TO_ARRIVE)
                return send(*request)

        self.run(requests, 409, lambda call: requests.keyed(requests.unknown(call)), during)

    def severed(self, requests):
        """What is answered without a broker."""
        def make(call):
            if call.is_callback:
                return None if call.method == "GET" and call.provider == "stripe" else requests.known(call)
            return requests.unknown(call)

        self.run(requests, 503, make)
        for call in requests.calls.values():
            if call.provider is None and 503 in call.statuses:
                self.check(call, 503, requests.installation.send(call.method, call.path))


def main():
    answers, command = Answers(sys.argv[1]), sys.argv[2:]
    started = time.monotonic()
    with Installation(command, {}) as installation:
        document = json.loads(installation.send("GET", "/documentation/openapi.json").content)
        directed = Directed(document, answers)
        directed.ordinary(Requests(installation, document))
    for settings, part in ((IMPATIENT, directed.impatient), (NARROW, directed.narrow)):
        with Installation(command, settings) as installation:
            part(Requests(installation, document))
    ingress = [command[0], "ingress"]
    with Broker(command[0]) as broker, Installation(ingress, {**ALONE, **broker.settings}) as installation:
        directed.unworked(Requests(installation, document))
    with Installation(ingress, SEVERED, waits_for="/-/healthz") as installation:
        directed.severed(Requests(installation, document))
    print(f"\nDirected requests: {time.monotonic() - started:.0f} s")
    problems = directed.problems + report(document, answers.read())
    for problem in problems:
        print("FAILED", problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
