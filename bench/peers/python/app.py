# SPDX-License-Identifier: MIT
# python: python-socketio on uvicorn with uvloop, doing what apps/app.lua does.
import os
import sys

import socketio
import uvicorn

sio = socketio.AsyncServer(async_mode="asgi")
rooms = {}


@sio.event
async def connect(sid, environ):
    rooms[sid] = "room"
    await sio.enter_room(sid, "room")


@sio.event
async def disconnect(sid, reason):
    rooms.pop(sid, None)


@sio.event
async def echo(sid, value):
    return value


@sio.event
async def say(sid, value):
    await sio.emit("said", value, room="room")


@sio.event
async def shout(sid, name, value):
    await sio.emit("said", value, room=name)


@sio.event
async def join(sid, name):
    await sio.leave_room(sid, rooms[sid])
    await sio.enter_room(sid, name)
    rooms[sid] = name


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"http://localhost:{port}", file=sys.stderr, flush=True)


folder = os.environ.get("BENCH_TLS")
config = uvicorn.Config(
    socketio.ASGIApp(sio),
    port=0,
    log_level="warning",
    ssl_certfile=folder and f"{folder}/cert.pem",
    ssl_keyfile=folder and f"{folder}/key.pem",
)
Server(config).run()
