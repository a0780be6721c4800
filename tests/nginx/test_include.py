"""The nginx include, on a real nginx, in front of a responder that tells what it was given. TAP."""

import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = os.environ.get("LOCKSTEP_SOURCE", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:" + os.environ.get("PATH", ""))
BEGIN, ABORT, END, PARAMS, STDIN, STDOUT = 1, 2, 3, 4, 5, 6

CONF = """
daemon off;
pid "{directory}/nginx.pid";
error_log "{directory}/error.log" warn;
{user}
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path "{directory}/body";
  proxy_temp_path "{directory}/proxy";
  fastcgi_temp_path "{directory}/fastcgi";
  uwsgi_temp_path "{directory}/uwsgi";
  scgi_temp_path "{directory}/scgi";
  include "{directory}/lockstep/http.conf";
  server {{
    listen 127.0.0.1:{port};
    include lockstep/lockstep.conf;
    location / {{ return 404 "the site's own\\n"; }}
  }}
}}
"""


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def read_pairs(data):
    pairs, at = {}, 0

    def length():
        nonlocal at
        if data[at] < 128:
            at += 1
            return data[at - 1]
        at += 4
        return struct.unpack(">I", data[at - 4:at])[0] & 0x7FFFFFFF

    while at < len(data):
        name_length, value_length = length(), length()
        pairs[data[at:at + name_length].decode()] = data[at + name_length:at + name_length + value_length].decode()
        at += name_length + value_length
    return pairs


class Responder:
    """FastCGI: answers every request with its parameters and the length of its body, as JSON.
    The path /api/slow is never answered, /api/problem with a problem of its own."""

    def __init__(self, path):
        self.path = path
        self.requests = 0
        self.keep_connections = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)

    def answer(self, connection):
        with connection:
            parameters, body = b"", 0
            while True:
                _, kind, _, length, padding, _ = struct.unpack(">BBHHBB", read_exactly(connection, 8))
                content = read_exactly(connection, length)
                read_exactly(connection, padding)
                if kind == BEGIN:
                    self.keep_connections = bool(content[2] & 1)
                elif kind == PARAMS:
                    parameters += content
                elif kind == STDIN:
                    body += length
                    if length == 0:
                        break
            self.requests += 1
            given = read_pairs(parameters)
            if given["REQUEST_URI"] == "/api/slow":
                time.sleep(10)
                return
            status = "409 Conflict" if given["REQUEST_URI"] == "/api/problem" else "200 OK"
            text = json.dumps({"given": given, "body": body}).encode()
            head = f"Status: {status}\r\nContent-Type: application/json\r\nX-Large: {'x' * 12000}\r\n\r\n".encode()
            for kind, content in ((STDOUT, head + text), (STDOUT, b""), (END, b"\0" * 8)):
                connection.sendall(struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content)


class Server:
    """nginx with the include; `edit` changes the text of the included files first."""

    def __init__(self, directory, edit=lambda text: text):
        self.directory = directory
        self.fcgi = os.path.join(directory, "fcgi.sock")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        shutil.copytree(os.path.join(SOURCE, "nginx"), os.path.join(directory, "lockstep"), copy_function=shutil.copyfile)
        os.chmod(os.path.join(directory, "lockstep"), 0o755)
        for name in ("http.conf", "lockstep.conf", "pass.conf"):
            path = os.path.join(directory, "lockstep", name)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(edit(text.replace("/run/lockstep/lockstep.sock", self.fcgi)
                                .replace("/usr/share/lockstep/", directory + "/share/")))
        web = os.path.join(directory, "share", "web")
        shutil.copytree(os.path.join(SOURCE, "src", "web", "client"), os.path.join(web, "client"), copy_function=shutil.copyfile,
                        ignore=shutil.ignore_patterns("node_modules", "test", "tools"), dirs_exist_ok=True)
        os.chmod(os.path.join(web, "client"), 0o755)
        shutil.copytree(os.path.join(SOURCE, "src", "web", "pages"), os.path.join(web, "pages"), copy_function=shutil.copyfile,
                        ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True)
        os.chmod(os.path.join(web, "pages"), 0o755)
        with open(os.path.join(web, "secret"), "w", encoding="utf-8") as file:
            file.write("nobody's")
        self.conf = os.path.join(directory, "nginx.conf")
        with open(self.conf, "w", encoding="utf-8") as file:
            file.write(CONF.format(directory=directory, port=self.port, user="user root;" if os.geteuid() == 0 else ""))
        self.process = None

    def arguments(self):
        return [NGINX, "-p", self.directory, "-c", self.conf, "-e", os.path.join(self.directory, "error.log")]

    def check(self):
        return subprocess.run(self.arguments() + ["-t"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)

    def start(self):
        self.process = subprocess.Popen(self.arguments(), stdin=subprocess.DEVNULL)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("nginx did not start")

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()

    def send(self, text, body=b""):
        """One request as it stands; returns status, headers (lower case) and body."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            try:
                connection.sendall(text.encode("latin-1") + body)
            except OSError:
                pass  # nginx may refuse before everything is sent
            data = b""
            while True:
                try:
                    piece = connection.recv(65536)
                except ConnectionResetError:
                    break
                if not piece:
                    break
                data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        return int(lines[0].split()[1]), headers, rest

    def get(self, path, **headers):
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        return self.send(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n{lines}\r\n")

    def post(self, path, count):
        return self.send(f"POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {count}\r\n\r\n", b"x" * count)


def given(reply):
    status, _, body = reply
    assert status == 200, reply
    return json.loads(body)["given"]


def assert_problem(reply, status):
    assert reply[0] == status, (reply[0], reply[2][:300])
    assert reply[1]["content-type"].startswith("application/problem+json"), reply[1]
    problem = json.loads(reply[2])
    assert problem["status"] == status and problem["success"] is False, problem
    assert problem["title"] and problem["title"] != "Error" and problem["detail"] == problem["message"] == problem["error"], problem
    assert reply[1]["x-request-id"] == problem["requestId"], (reply[1], problem)


def test_configuration_is_accepted(server, _):
    outcome = server.check()
    assert outcome.returncode == 0 and "warn" not in outcome.stdout, outcome.stdout


def test_path_goes_through_untouched(server, _):
    for path in ("/api/progress?days=3&x=%2f", "/api//progress", "/api/%2e%2e/api/progress", "/api/a%2f..%2fb",
                 "/api/./progress", "/api/x/../progress", "//api/progress", "/healthz", "/metrics"):
        assert given(server.get(path))["REQUEST_URI"] == path, path


def test_proxy_header_is_emptied(server, _):
    assert not given(server.get("/api/x", Proxy="http://evil")).get("HTTP_PROXY")


def test_path_info_is_empty(server, _):
    parameters = given(server.get("/api/x/y.php/z"))
    assert parameters["PATH_INFO"] == "" and parameters["SCRIPT_NAME"] == ""


def test_address_is_the_connections(server, _):
    parameters = given(server.get("/api/x", X_Forwarded_For="9.9.9.9", X_Real_IP="9.9.9.9"))
    assert parameters["REMOTE_ADDR"] == "127.0.0.1"


def test_request_id_is_made_or_taken(server, _):
    assert given(server.get("/api/x", X_Request_Id="abc-1.2:3_4"))["HTTP_X_REQUEST_ID"] == "abc-1.2:3_4"
    for bad in ('a"b', "a b", "x" * 40):
        made = given(server.get("/api/x", X_Request_Id=bad))["HTTP_X_REQUEST_ID"]
        assert re.fullmatch("[0-9a-f]{32}", made), made


def test_headers_arrive(server, _):
    parameters = given(server.get("/api/x", Authorization="Bearer t", If_None_Match='"e"', Idempotency_Key="k"))
    assert (parameters["HTTP_AUTHORIZATION"], parameters["HTTP_IF_NONE_MATCH"], parameters["HTTP_IDEMPOTENCY_KEY"]) \
        == ("Bearer t", '"e"', "k")


def test_connections_are_kept(server, responder):
    server.get("/api/x")
    assert responder.keep_connections is True


def test_body_limits(server, responder):
    mebibyte = 1024 * 1024
    assert json.loads(server.post("/api/answer", mebibyte)[2])["body"] == mebibyte
    before = responder.requests
    assert_problem(server.post("/api/answer", mebibyte + 1), 413)
    assert responder.requests == before, "a body too large reached the service"
    for path in ("/api/progress/bulk-sync", "/api/progress-sync/events"):
        assert json.loads(server.post(path, 8 * mebibyte)[2])["body"] == 8 * mebibyte
        assert_problem(server.post(path, 8 * mebibyte + 1), 413)


def test_problems_of_the_service_pass(server, _):
    status, headers, body = server.get("/api/problem")
    assert status == 409 and headers["content-type"] == "application/json" and b"given" in body


def test_unreadable_requests_are_problems(server, responder):
    before = responder.requests
    assert_problem(server.get("/api/%00"), 400)
    assert_problem(server.get("/api/../../x"), 400)
    assert_problem(server.get("/api/x", X_Large="x" * 40000), 431)
    assert_problem(server.get("/api/" + "x" * 40000), 414)
    assert responder.requests == before


def test_slow_service_is_504(server, _):
    reply = server.get("/api/slow")
    assert_problem(reply, 504)
    assert reply[1]["retry-after"] == "1"


def test_limits_hold_for_others(server, responder):
    server.stop()
    shutil.rmtree(os.path.join(server.directory, "lockstep"))
    strict = Server(server.directory, lambda text: re.sub(r"\n  (127|::1)[^\n]*", "", text)
                    .replace("burst=2000", "burst=5").replace("rate=500r/s", "rate=1r/s"))
    strict.start()
    try:
        replies = [strict.get("/api/x") for _ in range(12)]
        assert sum(reply[0] == 200 for reply in replies) < 10
        assert_problem(replies[-1], 429)
        assert replies[-1][1]["retry-after"] == "1"
    finally:
        strict.stop()


def test_loopback_is_not_limited(server, _):
    assert all(server.get("/healthz")[0] == 200 for _ in range(300))


def test_site_keeps_its_own_pages(server, _):
    assert server.get("/elsewhere")[2] == b"the site's own\n"
    assert server.get("/apix")[2] == b"the site's own\n"
    assert server.get("/lockstep-error")[0] == 404


def test_the_client_is_served(server, _):
    status, headers, body = server.get("/lockstep/client/index.js")
    assert status == 200 and body.startswith(b"// Lockstep in the browser"), body[:80]
    assert headers["content-type"] == "text/javascript; charset=utf-8"
    assert headers["cache-control"] == "no-cache" and headers["x-content-type-options"] == "nosniff"
    assert headers["access-control-allow-origin"] == "*"
    assert server.get("/lockstep/client/index.js", If_None_Match=headers["etag"])[0] == 304
    assert server.get("/lockstep/client/index.d.ts")[1]["content-type"] == "text/plain; charset=utf-8"
    packed = server.send("GET /lockstep/client/index.js HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
                         "Connection: close\r\n\r\n")
    assert packed[1]["content-encoding"] == "gzip"


def test_the_pages_are_served(server, _):
    for path, kind in (("/lockstep/learner", "text/html"), ("/lockstep/admin", "text/html"),
                       ("/lockstep/pages/learner.js", "text/javascript"), ("/lockstep/pages/kit/app.js", "text/javascript"),
                       ("/lockstep/pages/lockstep.css", "text/css"), ("/lockstep/pages/icon.svg", "image/svg+xml")):
        status, headers, body = server.get(path)
        assert status == 200 and body and headers["content-type"] == kind + "; charset=utf-8", (path, headers)
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';") and "unsafe" not in policy, policy
        assert "frame-ancestors 'none'" in policy and headers["x-content-type-options"] == "nosniff", headers
        assert server.get(path, If_None_Match=headers["etag"])[0] == 304


def test_the_service_worker_may_look_after_the_pages(server, _):
    status, headers, _ = server.get("/lockstep/pages/worker.js")
    assert (status, headers["content-type"]) == (200, "text/javascript; charset=utf-8")
    assert headers["service-worker-allowed"] == "/lockstep/" and headers["cache-control"] == "no-cache", headers
    assert "worker-src 'self'" in headers["content-security-policy"], headers


def test_nothing_beside_them_is_served(server, _):
    for path in ("/lockstep/", "/lockstep/pages/", "/lockstep/pages/../secret", "/lockstep/pages../secret",
                 "/lockstep/libraries/../secret", "/lockstep/learner/x", "/lockstep/learner.html", "/lockstep/client/", "/lockstep/client", "/lockstep/client/nothing.js", "/lockstep/client/../secret",
                 "/lockstep/client../secret", "/lockstep/secret"):
        assert server.get(path)[0] in (301, 400, 403, 404), path


def test_absent_service_is_502(server, responder):
    responder.close()
    reply = server.get("/api/x", X_Request_Id="mine")
    assert_problem(reply, 502)
    assert reply[1]["retry-after"] == "1" and reply[1]["x-request-id"] == "mine"


# The last two end what the others need.
TESTS = [test_configuration_is_accepted, test_path_goes_through_untouched, test_proxy_header_is_emptied,
         test_path_info_is_empty, test_address_is_the_connections, test_request_id_is_made_or_taken,
         test_headers_arrive, test_connections_are_kept, test_body_limits, test_problems_of_the_service_pass,
         test_unreadable_requests_are_problems, test_slow_service_is_504, test_loopback_is_not_limited,
         test_site_keeps_its_own_pages, test_the_client_is_served, test_the_pages_are_served,
         test_the_service_worker_may_look_after_the_pages, test_nothing_beside_them_is_served,
         test_absent_service_is_502, test_limits_hold_for_others]


def main():
    if NGINX is None:
        print("1..0 # SKIP nginx is not installed")
        return 0
    directory = tempfile.mkdtemp(prefix="lockstep-nginx-")
    server = Server(directory, lambda text: text.replace("fastcgi_read_timeout 60s", "fastcgi_read_timeout 1s"))
    responder = Responder(server.fcgi)
    failed = 0
    try:
        server.start()
        print(f"1..{len(TESTS)}")
        for number, test in enumerate(TESTS, 1):
            if test is test_limits_hold_for_others:
                responder = Responder(server.fcgi)
            try:
                test(server, responder)
                print(f"ok {number} - {test.__name__}", flush=True)
            except Exception as problem:  # whatever went wrong is this test's failure
                failed += 1
                print(f"not ok {number} - {test.__name__}\n# {type(problem).__name__}: {problem}", flush=True)
    finally:
        server.stop()
        shutil.rmtree(directory)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
