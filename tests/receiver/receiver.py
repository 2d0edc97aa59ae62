"""Receives webhooks and checks them with two libraries that are not ours: standardwebhooks and svix.

Prints its address as one JSON line and ends when standard input closes. `POST /admin/secrets` sets what to check with,
`POST /admin/plan` what to answer next, `GET /admin/log` says what came.
"""

import hashlib
import hmac
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import standardwebhooks
import svix.webhooks

state = {"secrets": [], "plan": [], "log": [], "always": 204}
lock = threading.Lock()


def verified(library, secret, body, headers):
    """Tells whether a library takes a delivery for real with a secret."""
    try:
        library(secret).verify(body, headers)
        return True
    except Exception as error:  # what they raise is their own business
        return f"{type(error).__name__}: {error}"


def judged(body, headers):
    secrets = state["secrets"]
    plain = headers.get("x-signature", "")
    return {
        "standardwebhooks": [verified(standardwebhooks.Webhook, one, body, headers) for one in secrets],
        "svix": [verified(svix.webhooks.Webhook, one, body, headers) for one in secrets],
        "plain": [hmac.new(one.encode(), body, hashlib.sha256).hexdigest() == plain for one in secrets],
    }


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with lock:
            self.answer(200, state["log"])

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/admin/"):
            with lock:
                state.update(json.loads(body))
            return self.answer(200, {})
        headers = {name.lower(): value for name, value in self.headers.items()}
        entry = {
            "path": self.path,
            "at": time.time(),
            "id": headers.get("webhook-id"),
            "headers": headers,
            "body": json.loads(body),
            "verified": judged(body, headers),
        }
        with lock:
            status = state["plan"].pop(0) if state["plan"] else state["always"]
            entry["answered"] = status
            state["log"].append(entry)
        if status == "hang":
            time.sleep(30)
            status = 200
        if status == "redirect":
            self.send_response(307)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            return self.end_headers()
        return self.answer(status, {"said": "nobody reads this"})

    def answer(self, status, document):
        body = b"" if status == 204 else json.dumps(document).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Receiver)
server.daemon_threads = True
print(json.dumps({"origin": f"http://127.0.0.1:{server.server_port}"}), flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
