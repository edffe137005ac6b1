"""A Twilio that has the records of records.py and nothing else, and a webhook that refuses one of them.

Unlike twilio-simulator, whose records are derived from a seed, it gives out exactly what it is told.
"""

import base64
import http.server
import json
import threading
import urllib.parse

import records

# A second of which Twilio does not list all: its list breaks off at the second page.
CROWDED = records.moment(29, 600)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, code, body):
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def page(self, key, rows, next_page=None):
        self.answer(200, {key: rows, "meta": {
            "key": key, "page": 0, "page_size": 1000, "first_page_url": "", "next_page_url": next_page,
            "previous_page_url": None, "url": "",
        }})

    def do_GET(self):
        address = urllib.parse.urlsplit(self.path)
        query = {key: values[0] for key, values in urllib.parse.parse_qs(address.query).items()}
        user = base64.b64decode(self.headers["Authorization"].split()[1]).decode().split(":")[0]
        if user == records.REFUSED_ACCOUNT:
            self.answer(401, {"code": 20003, "message": "Authenticate", "status": 401})
        elif address.path == "/v1/Events":
            self.events(query)
        elif address.path == "/v1/Services":
            self.page("services", [{
                "sid": records.SERVICE, "account_sid": records.ACCOUNT, "unique_name": "orders", "friendly_name": "o",
            }])
        elif address.path.endswith("/Environments"):
            self.page("environments", [{
                "sid": records.ENVIRONMENT, "service_sid": records.SERVICE, "account_sid": records.ACCOUNT,
                "build_sid": "ZB" + "0" * 32, "unique_name": "production", "domain_suffix": None,
            }])
        elif address.path.endswith("/Functions"):
            self.page("functions", [])
        elif address.path.endswith("/Logs"):
            self.page("logs", self.between(self.server.logs, "date_created", query))
        else:
            self.answer(404, {"code": 20404, "message": "not found", "status": 404})

    def events(self, query):
        crowded = CROWDED.strftime("%Y-%m-%dT%H:%M:%SZ")
        if "StartDate" not in query:
            # The look at the server's clock.
            self.page("events", [])
        elif not query["StartDate"][:19] <= crowded[:19] <= query["EndDate"][:19]:
            self.page("events", self.between(self.server.events, "event_date", query))
        elif "PageToken" in query:
            self.answer(400, {"code": 20001, "message": "Invalid page and pageSize combination", "status": 400})
        else:
            host = self.headers["Host"]
            row = dict(self.server.events[0], sid="AE" + "f" * 32, event_date=crowded, event_type="call.created")
            self.page("events", [row], f"http://{host}{self.path}&Page=1&PageToken=PAAE{'f' * 32}")

    @staticmethod
    def between(rows, key, query):
        start, end = query["StartDate"][:19], query["EndDate"][:19]
        return [row for row in reversed(rows) if start <= row[key][:19] <= end]

    def do_POST(self):
        """The webhook: refuses each batch in which its unwanted record is."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        unwanted = f'{{"schema":"twilship.envelope.v1","id":"{self.server.events[0]["sid"]}"'
        self.answer(400 if unwanted in body else 200, {})


def start():
    """Serves until the process ends; gives the port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.events = sorted((record for record, _ in records.events()), key=lambda row: row["event_date"])
    server.logs = [record for record, _ in records.logs()]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]
