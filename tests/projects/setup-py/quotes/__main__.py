import asyncio
from importlib.metadata import version
from importlib.resources import files

import humanize
import tornado.web


class Quote(tornado.web.RequestHandler):
    def get(self) -> None:
        text = (files("quotes") / "quotes.txt").read_text().strip()
        self.write(f"{text} ({humanize.intword(1200000)} readers, {version('quotes')})")


async def serve() -> None:
    tornado.web.Application([("/", Quote)]).listen(7000)
    await asyncio.Event().wait()


def main() -> None:
    asyncio.run(serve())


if __name__ == "__main__":
    main()
