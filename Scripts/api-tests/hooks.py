"""Hooks of schemathesis: notes every answer to an operation's own method."""

import os
import sys

import schemathesis

sys.path.insert(0, os.path.dirname(__file__))

from answers import Answers  # noqa: E402

ANSWERS = Answers(os.environ["API_TEST_ANSWERS"])


@schemathesis.hook
def after_call(context, case, response):
    if case.method.upper() == case.operation.method.upper():
        ANSWERS.add(case.method, case.operation.path, response.status_code, response.content)
