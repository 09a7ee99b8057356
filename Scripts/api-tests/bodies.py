"""Valid requests for every documented operation, made from the document's own examples and from real payments."""

import copy
import hashlib
import hmac
import itertools
import json
import os
import time
import urllib.parse

# Credentials that the simulators of `pgm dev` share with it.
GENERIC_SECRET = b"generic-sandbox-secret"
STRIPE_SECRET = b"whsec_sandbox"

# What makes a body another one about the same payment: the first of these fields that it can have.
OTHERWISE = {"amount": "1.00", "cancelType": "now", "sessionToken": "another"}

NUMBERS = itertools.count(1)
RUN = os.urandom(4).hex()


class Call:
    """One documented operation: its method, path and parts."""

    def __init__(self, method, path, operation):
        self.method, self.path, self.operation = method.upper(), path, operation
        self.name = f"{self.method} {path}"
        self.statuses = {int(status) for status in operation["responses"]}
        tag = operation["tags"][0]
        self.provider = None if tag == "service" else tag
        self.kind = operation["operationId"].split(".")
        self.is_callback = "callback" in self.kind

    @property
    def takes_body(self):
        return "requestBody" in self.operation and not self.is_callback

    @property
    def starts(self):
        """Whether it makes something new, rather than concerning a payment that is there."""
        return self.kind[-1] in ("pay", "recurrent", "open")

    def otherwise(self):
        """The field, with a value, that makes a body another one; empty where all of a body names the payment."""
        fields = self.operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
        return dict([each for each in OTHERWISE.items() if each[0] in fields][:1])

    def example(self):
        """The first example that names what there is: sessions by token, the rest as it stands."""
        content = self.operation["requestBody"]["content"]["application/json"]
        examples = [each["value"] for each in content["examples"].values()]
        by_session = [example for example in examples if "sessionToken" in example]
        return copy.deepcopy((by_session or examples)[0])


def calls(document):
    """Every operation of the document."""
    return [
        Call(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def hexadecimal(secret, message):
    return hmac.new(secret, message, hashlib.sha256).hexdigest()


class Requests:
    """Makes requests for an installation; payments they need are made on the way."""

    def __init__(self, installation, document):
        self.installation = installation
        self.calls = {call.name: call for call in calls(document)}

    def payment(self, call):
        """Identifiers of a fresh payment, subscription or session of the kind that the call is about."""
        method = call.path.split("/")[2]
        way = "session/open" if method == "session" else f"{method}/pay"
        if call.kind[-2:] == ["recurrent", "expire"]:
            way += "/recurrent"
        if call.kind[-1] in ("check", "status") and method != "session":
            way = next(n for n in self.calls if n.startswith(f"POST /{call.provider}/") and n.endswith("/pay"))
            way = way.split("/", 2)[2]
        start = self.calls[f"POST /{call.provider}/{way}"]
        body = self.fresh(start.example())
        answer = self.installation.send("POST", start.path, body)
        assert answer.status_code == 200, (start.name, answer.content)
        reply = json.loads(answer.content)
        return {
            "paymentID": reply.get("paymentID"), "sessionToken": reply.get("sessionToken"),
            "shopTransactionID": body.get("shopTransactionID"),
        }

    @staticmethod
    def fresh(body):
        if "shopTransactionID" in body:
            body["shopTransactionID"] = f"directed-{RUN}-{next(NUMBERS)}"
        return body

    def known(self, call):
        """Method, target, body and headers of a request that is valid and concerns something that is there."""
        if call.is_callback:
            return self.callback(call, "captured")
        if call.starts or call.provider is None:
            return self.sent(call, self.fresh(call.example()) if call.takes_body else None)
        payment = self.payment(call)
        if not call.takes_body:
            return self.sent(call, None, {"paymentId": payment["paymentID"]})
        body = call.example()
        return self.sent(call, {name: payment.get(name) or value for name, value in body.items()})

    def unknown(self, call):
        """The same about something that is nowhere."""
        if not call.takes_body:
            return self.sent(call, None, {"paymentId": f"nowhere-{RUN}"})
        names = {"paymentID", "shopTransactionID", "sessionToken"}
        return self.sent(call, {n: f"nowhere-{RUN}" if n in names else v for n, v in call.example().items()})

    @staticmethod
    def keyed(request):
        """The request with an idempotency key of its own."""
        method, target, body, headers = request
        return method, target, body, {**headers, "Idempotency-Key": f"directed-{RUN}-{next(NUMBERS)}"}

    def key_reused(self, call):
        """Two requests with one key about one payment, of another body or else of another payment method.

        None when there is neither.
        """
        method, path, body, headers = second = self.keyed(self.known(call))
        if change := call.otherwise():
            return (method, path, {**body, **change}, headers), second
        for other in self.calls.values():
            if other.kind[0] == call.kind[0] and other.kind[2:] == call.kind[2:] and other is not call:
                return (method, other.path, body, headers), second
        return None

    def mismatched(self, call):
        """Two requests without a key for one payment, of another amount."""
        method, path, body, headers = first = self.known(call)
        body["shopTransactionID"] = f"directed-{RUN}-{next(NUMBERS)}"
        return first, (method, path, {**body, **call.otherwise()}, headers)

    @staticmethod
    def sent(call, body, query=None):
        target = call.path + ("?" + urllib.parse.urlencode(query) if query else "")
        return call.method, target, body, {}

    def callback(self, call, reference, now=None):
        """A callback signed as the provider signs; a new provider needs its own way here."""
        now = str(now or int(time.time()))
        if call.provider == "generic-provider":
            event = {"eventId": "ge_1", "paymentId": "gp_1", "reference": reference, "status": "captured"}
            if call.method == "GET":
                event["t"] = now
                text = "&".join(f"{name}={value}" for name, value in event.items())
                query = {**event, "signature": hexadecimal(GENERIC_SECRET, text.encode())}
                return self.sent(call, None, query)
            body = json.dumps(event).encode()
            signature = hexadecimal(GENERIC_SECRET, now.encode() + b"." + body)
            return call.method, call.path, body, {"X-Generic-Signature": f"t={now},v1={signature}"}
        if call.provider == "stripe":
            session = {
                "id": "cs_test_1", "object": "checkout.session", "client_reference_id": reference, "status": "complete",
                "payment_status": "paid", "amount_total": 500, "currency": "eur",
                "metadata": {"shopTransactionId": reference},
            }
            event = {
                "id": "evt_1", "object": "event", "type": "checkout.session.completed",
                "data": {"object": session if reference else {}},
            }
            body = json.dumps(event).encode()
            signature = hexadecimal(STRIPE_SECRET, now.encode() + b"." + body)
            return call.method, call.path, body, {"Stripe-Signature": f"t={now},v1={signature}"}
        raise SystemExit(f"bodies.py does not know how {call.provider} signs callbacks")
