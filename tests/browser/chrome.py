"""A headless Chromium over the Chrome DevTools protocol, with nothing but Python's own library.

A page is opened in a browser of its own, in a folder of its own, without a network to speak of; everything that it asks
for, logs or throws is kept in the order in which it came.
"""
import base64
import http.client
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE_S = 60


def find_browser():
    """The path of a Chromium, or None. $ASSAY_BROWSER names one."""
    named = os.environ.get("ASSAY_BROWSER")
    return named or next((path for path in map(shutil.which, NAMES) if path), None)


class Socket:
    """The client's side of a WebSocket (RFC 6455), text frames only."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._exactly(1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode(errors="replace"))

    def _exactly(self, count):
        data = bytearray()
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise ConnectionError("the browser closed the connection")
            data += part
        return bytes(data)

    def send(self, text):
        payload, mask = text.encode(), os.urandom(4)
        size = len(payload)
        head = bytes([0x81]) + (bytes([0x80 | size]) if size < 126 else
                                b"\xfe" + struct.pack(">H", size) if size < 1 << 16 else
                                b"\xff" + struct.pack(">Q", size))
        self.socket.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)))

    def receive(self):
        message = b""
        while True:
            first, second = self._exactly(2)
            size = second & 0x7F
            if size >= 126:
                size = struct.unpack(">H" if size == 126 else ">Q", self._exactly(2 if size == 126 else 8))[0]
            payload = self._exactly(size)
            if first & 0x0F in (0, 1):
                message += payload
                if first & 0x80:
                    return message.decode()

    def close(self):
        self.socket.close()


class Browser:
    """One browser with one page."""

    def __init__(self, path):
        self.folder = tempfile.mkdtemp(prefix="assay-browser-")
        # Nothing may reach a network, not even the browser's own services; a sandbox in a container has no rights.
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync",
                 "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-port=0",
                 f"--user-data-dir={self.folder}", "about:blank"]
        self.process = subprocess.Popen([path, *flags], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env={**os.environ, "HOME": self.folder})
        self.events, self.number = [], 0
        try:
            self.socket = Socket(self._page_address())
        except BaseException:
            self.close()
            raise
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def _page_address(self):
        file, deadline = Path(self.folder) / "DevToolsActivePort", time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise ConnectionError(f"the browser ended with {self.process.returncode}")
            lines = file.read_text().splitlines() if file.exists() else []
            if len(lines) == 2:
                return self._first_page(int(lines[0]))
            time.sleep(0.05)
        raise TimeoutError("the browser did not say where it listens")

    @staticmethod
    def _first_page(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        connection.request("GET", "/json/list")
        targets = json.loads(connection.getresponse().read())
        connection.close()
        return next(one["webSocketDebuggerUrl"] for one in targets if one["type"] == "page")

    def _next(self):
        message = json.loads(self.socket.receive())
        if "method" in message:
            self.events.append(message)
        return message

    def call(self, method, **parameters):
        """Sends a command and returns its result; events that come meanwhile are kept."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = self._next()
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def open(self, url):
        """Goes to the page and waits until it is loaded and idle; events of pages before are forgotten."""
        self.events.clear()
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        loader = self.call("Page.navigate", url=url)["loaderId"]
        wanted = {"method": "Page.lifecycleEvent", "name": "networkIdle"}
        while not any(e["method"] == wanted["method"] and e["params"]["name"] == wanted["name"] and
                      e["params"]["loaderId"] == loader for e in self.events):
            self._next()

    def evaluate(self, expression):
        """The value of an expression in the page. The devtools' own evaluation is not the page's script."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def screen(self, width, height=900, scale=1, dark=False, phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                  mobile=phone)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def screenshot(self, **clip):
        """PNG bytes of the screen, or of a part of the page: x, y, width, height."""
        more = {"clip": {**clip, "scale": 1}, "captureBeyondViewport": True} if clip else {}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", **more)["data"])

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])

    def requests(self):
        """Addresses that the page asked for besides its own, the blocked ones too."""
        return [e["params"]["request"]["url"] for e in self.events
                if e["method"] == "Network.requestWillBeSent" and e["params"].get("type") != "Document"]

    def complaints(self):
        """What the console was told: errors and warnings, exceptions, and refusals by the content policy."""
        lines = []
        for event in self.events:
            said = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                details = said["exceptionDetails"]
                lines.append(details.get("exception", {}).get("description", details["text"]))
            if event["method"] == "Runtime.consoleAPICalled":
                lines.append(f"{said['type']}: {[one.get('value') for one in said['args']]}")
            if event["method"] == "Log.entryAdded":
                lines.append(said["entry"]["text"])
        return lines

    def close(self):
        if hasattr(self, "socket"):
            self.socket.close()
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
