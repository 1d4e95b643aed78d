"""An unchanged python-socketio client, told by its test where to go. Prints what it saw as one JSON object.

Usage: python-client.py URL TRANSPORTS, where TRANSPORTS are separated by commas.
"""

import json
import sys
import threading

import socketio

url, transports = sys.argv[1], sys.argv[2].split(",")
WAIT_S = 10
seen = {}


def wait(event, what):
    if not event.wait(WAIT_S):
        raise TimeoutError(what)


client = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.1, randomization_factor=0)
news, bytes_came, back, gone = (threading.Event() for _ in range(4))
connects = 0


@client.event
def connect():
    global connects
    connects += 1
    if connects == 2:
        back.set()


@client.event
def disconnect():
    gone.set()


@client.on("news")
def on_news(*args):
    seen["news"] = list(args)
    news.set()


@client.on("bytes")
def on_bytes(data):
    seen["bytes"] = list(data["deep"][0])
    bytes_came.set()


@client.on("question")
def on_question(number):
    return number + 1, "from python"


@client.on("hello", namespace="/second")
def on_hello(data):
    return data


client.connect(url, transports=transports, namespaces=["/", "/second"], auth={"token": "snake"})
seen["sids differ"] = client.get_sid("/") != client.get_sid("/second")
seen["auth"] = client.call("auth", timeout=WAIT_S)
seen["text"] = client.call("echo", "ä 漢 🦜", timeout=WAIT_S)
seen["object"] = client.call("echo", {"a": [1, None, {"b": "c"}]}, timeout=WAIT_S)
seen["binary"] = list(client.call("echo", bytes([0, 1, 254, 255]), timeout=WAIT_S))
seen["nested binary"] = list(client.call("echo", {"deep": [b"\x01", {"er": b"\x02\x03"}]}, timeout=WAIT_S)["deep"][1]["er"])
seen["large binary"] = client.call("echo", b"\x07" * 300_000, timeout=WAIT_S) == b"\x07" * 300_000
seen["several"] = client.call("several", (1, "two", b"3"), timeout=WAIT_S)[2] == b"3"
seen["ask"] = client.call("ask me", timeout=WAIT_S)
seen["second"] = client.call("ask me", namespace="/second", timeout=WAIT_S)
client.call("join", "red", timeout=WAIT_S)
client.emit("to red")
wait(news, "news")
client.emit("bytes to red")
wait(bytes_came, "bytes")
seen["transport"] = client.transport()
seen["joined"] = True
try:
    refused = socketio.Client(reconnection=False)
    refused.connect(url, transports=transports, namespaces=["/locked"], wait_timeout=0.5)
except socketio.exceptions.ConnectionError as error:
    seen["refused"] = str(error)
client.emit("cut me")
wait(gone, "disconnect")
wait(back, "reconnect")
seen["again"] = client.call("echo", "again", timeout=WAIT_S)
client.disconnect()
print(json.dumps(seen))
