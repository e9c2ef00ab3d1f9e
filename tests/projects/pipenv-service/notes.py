import bottle
import markdown

app = bottle.default_app()


@app.get("/")
def _() -> str:
    return markdown.markdown("# Notes\n\n*none* yet")
