"""Another process that pays into account 1: `python -m tests.store.increments URL TIMES`."""

import asyncio
import sys

from mjgate.store.database import Database
from tests.store.conftest import pay_in


async def main(url: str, times: int) -> None:
    async with await Database.open(url, must_exist=True) as db:
        print("ready", flush=True)
        for _ in range(times // 10):
            await asyncio.gather(*(db.write(pay_in, 1) for _ in range(10)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
