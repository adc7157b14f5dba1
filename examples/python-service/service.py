#!/usr/bin/env python3
"""A service that leaves signing in to the gateway beside it: `service.py [SOCKET | PORT]`.

It listens on a Unix socket that only its own user may open (default /tmp/greetings/service.sock), or on a port of the
loopback, and believes what the gateway says in X-Account-Id and the headers like it. Whoever else could reach it could
be anybody they like; so nobody else may.
"""

import json
import os
import socketserver
import stat
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 128


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept

    def do_GET(self):
        account = self.identity("X-Account-Id")
        if account is None:
            # The gateway never sends such a request on a route that asks for a sign-in: this one came another way.
            self.answer(403, {"error": "not by way of the gateway"})
            return
        roles = self.identity("X-Roles") or ""
        self.answer(200, {
            "greeting": f"Hello, {account}!",
            "account": account,
            "session": self.identity("X-Session-Id"),
            "client": unquote(self.identity("X-Client-Id") or ""),
            "roles": [unquote(role) for role in roles.split(",") if role],
        })

    def identity(self, name):
        """The one header of this name. Of two, one is not the gateway's."""
        found = self.headers.get_all(name, [])
        return found[0] if len(found) == 1 and found[0] else None

    def answer(self, status, body):
        text = json.dumps(body).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def address_string(self):
        # Callers over a Unix socket have no address.
        return self.client_address[0] if self.client_address else "unix"


def listen(place):
    if place.isdigit():
        return ThreadingHTTPServer(("127.0.0.1", int(place)), Handler)
    folder = os.path.dirname(os.path.abspath(place))
    os.makedirs(folder, mode=0o700, exist_ok=True)
    about = os.stat(folder)
    if about.st_uid != os.getuid() or about.st_mode & 0o022:
        sys.exit(f"{folder} must belong to the user of this service, and nobody else may write there")
    if os.path.exists(place) and stat.S_ISSOCK(os.stat(place).st_mode):
        os.unlink(place)  # left behind by one that was killed
    os.umask(0o177)
    return UnixServer(place, Handler)


if __name__ == "__main__":
    place = sys.argv[1] if len(sys.argv) > 1 else "/tmp/greetings/service.sock"
    server = listen(place)
    print(f"listening on {place}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
