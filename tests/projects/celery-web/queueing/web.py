import bottle

from queueing.tasks import add

app = bottle.default_app()


@app.get("/add/<x:int>/<y:int>")
def _(x: int, y: int) -> dict[str, object]:
    return {"task": add.name, "sum": add.apply((x, y)).get()}
