from __future__ import annotations

from stateset.celery import app
from stateset.lib.journal import acting, current_context


@app.task(name="tests.who")
def who() -> tuple[str, str]:
    """Return who acts, and under which number."""
    context = current_context()
    return context.actor_label, context.request_id


def test_a_task_acts_under_its_own_name_and_number():
    result = who.apply(task_id="4711")
    assert result.get() == ("task tests.who", "4711")
    assert current_context().actor_label == ""


def test_a_task_inside_a_request_acts_for_its_sender():
    with acting(actor_label="ann@example.com", request_id="abc"):
        assert who.apply(task_id="4711").get() == ("ann@example.com", "abc")
