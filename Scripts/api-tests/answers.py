"""Which documented answers were given: kept as lines of JSON in a file, so that several programs can add to it."""

import json
import pathlib
import threading

FOLDER = pathlib.Path(__file__).parent


class Answers:
    """Answers by operation; safe for threads."""

    def __init__(self, file):
        self.file = file
        self.lock = threading.Lock()

    def add(self, method, path, status, content):
        """Notes one answer; `content` is the body, of which an error's code is kept."""
        try:
            code = json.loads(content).get("code")
        except (ValueError, AttributeError):
            code = None
        line = json.dumps({"operation": f"{method.upper()} {path}", "status": status, "code": code})
        with self.lock, open(self.file, "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def read(self):
        """All answers so far."""
        with open(self.file, encoding="utf-8") as file:
            return [json.loads(line) for line in file]


class Documented:
    """What the OpenAPI document says can be answered."""

    def __init__(self, document):
        self.document = document
        self.responses = {
            f"{method.upper()} {path}": operation["responses"]
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }

    def statuses(self, operation):
        return sorted(int(status) for status in self.responses[operation])

    def headers(self, operation, status):
        """Names, in lower case, of the headers that an answer with the status can have."""
        return {name.lower() for name in self.responses[operation].get(str(status), {}).get("headers", {})}

    def required_headers(self, operation, status):
        """Names, in lower case, of the headers that an answer with the status must have."""
        headers = self.responses[operation].get(str(status), {}).get("headers", {})
        shared = self.document["components"]["headers"]

        def is_required(header):
            return (shared[header["$ref"].split("/")[-1]] if "$ref" in header else header).get("required", False)

        return {name.lower() for name, header in headers.items() if is_required(header)}

    def codes(self, operation, status):
        """The error codes that an answer with the status can carry."""
        content = self.responses[operation][str(status)].get("content", {}).get("application/json", {})
        parts = content.get("schema", {}).get("allOf", [])
        return {code for part in parts for code in part.get("properties", {}).get("code", {}).get("enum", [])}


class Unanswered:
    """The checked-in list of documented answers that nothing can provoke, or not yet."""

    def __init__(self):
        self.entries = []
        for line in (FOLDER / "unanswered.txt").read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                method, path, status, _reason = line.split(maxsplit=3)
                self.entries.append((method, path, int(status)))

    def covers(self, operation, status):
        method, path = operation.split(" ", 1)
        return any(e[0] in ("*", method) and e[1] in ("*", path) and e[2] == status for e in self.entries)


def report(document, answers):
    """Prints operation x documented status, and returns all that is wrong."""
    documented, unanswered = Documented(document), Unanswered()
    counts, codes = {}, {}
    for answer in answers:
        key = (answer["operation"], answer["status"])
        counts[key] = counts.get(key, 0) + 1
        codes[answer["code"]] = codes.get(answer["code"], 0) + 1
    statuses = sorted({status for operation in documented.responses for status in documented.statuses(operation)})
    width = max(len(operation) for operation in documented.responses)
    print("\nAnswers by operation and status; - is not documented, none cannot be provoked (unanswered.txt)\n")
    print(" " * width, *(f"{status:>6}" for status in statuses))
    problems = []
    for operation in documented.responses:
        cells = []
        for status in statuses:
            count, is_listed = counts.get((operation, status), 0), unanswered.covers(operation, status)
            if status not in documented.statuses(operation):
                cells.append("-")
            elif count == 0:
                cells.append("none" if is_listed else "NEVER")
                if not is_listed:
                    problems.append(f"{operation} never answered {status}")
            else:
                cells.append(str(count))
                if is_listed:
                    problems.append(f"{operation} answered {status}: remove it from unanswered.txt")
        print(f"{operation:<{width}}", *(f"{cell:>6}" for cell in cells))
    for operation, status in sorted(counts):
        if operation in documented.responses and status not in documented.statuses(operation):
            problems.append(f"{operation} answered {status}, which is not documented")
    print("\nErrors by code:", ", ".join(f"{code} {count}" for code, count in sorted(codes.items(), key=str) if code))
    expected = {
        code
        for operation in documented.responses
        for status in documented.statuses(operation)
        if not unanswered.covers(operation, status)
        for code in documented.codes(operation, status)
    }
    problems += [f"no operation ever answered the code {code}" for code in sorted(expected - codes.keys())]
    print(f"{len(documented.responses)} operations, {len(answers)} answers\n")
    return problems
