import os

from celery import Celery

app = Celery("queueing", broker=os.environ.get("BROKER_URL", "memory://"), backend="cache+memory://")
app.conf.task_serializer = app.conf.result_serializer = "msgpack"
app.conf.accept_content = ["msgpack"]


@app.task
def add(x: int, y: int) -> int:
    return x + y
