from importlib.metadata import version

from aiohttp import web
from prometheus_client import Counter, generate_latest

ASKED = Counter("asked", "How often the tide was asked for")


async def tide(_: web.Request) -> web.Response:
    ASKED.inc()
    return web.json_response({"tide": "high", "version": version("tides")})


async def metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), content_type="text/plain")


app = web.Application()
app.add_routes([web.get("/tide", tide), web.get("/metrics", metrics)])
web.run_app(app, port=9000)
