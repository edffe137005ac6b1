"""Reads the simulator with Twilio's official Python library, and compares with the simulator's own truth.

Usage: conformance.py PATH_OF_TWILIO_SIMULATOR. Exit codes: 0 all the same, 1 not.

What is compared are records that are there before the start, so that nothing changes in between.
"""

import datetime
import json
import signal
import subprocess
import sys
import urllib.parse
import urllib.request

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

ARGUMENTS = [
    "--json", "--port", "0", "--history", "1234", "--history-span", "5d", "--alerts", "345", "--subaccounts", "61",
    "--services", "2", "--environments", "4", "--requests-per-second", "0", "--logs-cap", "0", "--seed", "11",
]
# Nothing takes longer than a second; a simulator that hangs is to be noticed.
PATIENCE_SECONDS = 30


class ToSimulator(TwilioHttpClient):
    """Sends what is meant for Twilio to the simulator: only scheme, host and port change."""

    def __init__(self, url):
        super().__init__(timeout=PATIENCE_SECONDS)
        self.origin = urllib.parse.urlsplit(url)
        self.requests = 0
        # A proxy of the environment must not come between.
        self.session.trust_env = False

    def request(self, method, url, *arguments, **named):
        parts = urllib.parse.urlsplit(url)
        if parts.hostname != self.origin.hostname and not parts.hostname.endswith(".twilio.com"):
            raise AssertionError(f"the library was led to {url}")
        self.requests += 1
        there = parts._replace(scheme=self.origin.scheme, netloc=self.origin.netloc)
        return super().request(method, there.geturl(), *arguments, **named)


class Conformance:
    def __init__(self, ready):
        self.url = ready["url"]
        self.accounts = ready["accounts"]
        self.http = ToSimulator(self.url)
        self.checks = 0
        self.failures = 0

    def client(self, account):
        return Client(account["sid"], account["auth_token"], http_client=self.http)

    def truth(self, **query):
        """(SID, date) of the records that can be read now, newest first."""
        query["readable"] = "now"
        address = f"{self.url}/truth?{urllib.parse.urlencode(query)}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=PATIENCE_SECONDS) as answer:
            lines = answer.read().decode().splitlines()
        return [(fields[2], date(fields[3])) for fields in reversed([line.split(" ") for line in lines])]

    def same(self, what, seen, expected):
        self.checks += 1
        if seen == expected:
            print(f"the same: {what} ({len(expected)})")
            return
        self.failures += 1
        print(f"NOT the same: {what}: {len(seen)} seen, {len(expected)} expected")
        for name, these in [("missing", set(expected) - set(seen)), ("unknown", set(seen) - set(expected))]:
            if these:
                print(f"    {name}: {len(these)}, such as {sorted(map(str, these))[0]}")

    def records(self, what, read, expected, time, inclusive):
        """Lists whole, in small pages, up to a limit, within dates; and fetches single ones."""
        sids = [sid for sid, _ in expected]
        # Only then do the comparisons below prove anything.
        assert len(sids) > 200, f"{what}: only {len(sids)} records in the truth"
        listed = read.list(page_size=1000, start_date=LONG_AGO)
        self.same(f"{what}, page size 1000", [each.sid for each in listed], sids)
        self.same(f"{what}, their dates", [(each.sid, aware(time(each))) for each in listed], expected)
        self.same(f"{what}, page size 37", [r.sid for r in read.list(page_size=37, start_date=LONG_AGO)], sids)
        self.same(f"{what}, limit 77", [r.sid for r in read.list(limit=77, start_date=LONG_AGO)], sids[:77])
        self.same(f"{what}, streamed", [r.sid for r in read.stream(page_size=50, start_date=LONG_AGO)], sids)
        begin, end = (expected[place][1].replace(microsecond=0) for place in (150, 50))
        bounds = (lambda time: begin <= time <= end) if inclusive else (lambda time: begin < time < end)
        wanted = [sid for sid, time in expected if bounds(time)]
        assert 50 < len(wanted) < 150, f"{what}: {len(wanted)} records within the dates"
        self.same(f"{what}, from {begin} to {end}", [r.sid for r in read.list(start_date=begin, end_date=end)], wanted)
        for sid in (sids[0], sids[len(sids) // 2], sids[-1]):
            self.same(f"{what}, fetched alone", [read(sid).fetch().sid], [sid])

    def subaccounts(self):
        parent = self.accounts[0]
        listed = self.client(parent).api.v2010.accounts.list(page_size=20)
        self.same("accounts", [a.sid for a in listed], [a["sid"] for a in self.accounts])
        self.same("their names", [a.friendly_name for a in listed], [a["friendly_name"] for a in self.accounts])
        self.same("their tokens", [a.auth_token for a in listed], [a["auth_token"] for a in self.accounts])
        self.same("their owner", {a.owner_account_sid for a in listed}, {parent["sid"]})
        fetched = self.client(parent).api.v2010.accounts(self.accounts[5]["sid"]).fetch()
        self.same("one account", [fetched.sid, fetched.status], [self.accounts[5]["sid"], "active"])

    def account(self, account):
        client = self.client(account)
        name = f"{account['sid'][-2:]}:"
        sid = account["sid"]
        self.records(
            f"{name} events", client.monitor.v1.events, self.truth(account=sid, dataset="monitor.events"),
            lambda event: event.event_date, inclusive=True)
        self.records(
            f"{name} alerts", client.monitor.v1.alerts, self.truth(account=sid, dataset="monitor.alerts"),
            lambda alert: alert.date_generated, inclusive=True)
        services = client.serverless.v1.services
        self.same(f"{name} services", [s.sid for s in services.list()], [s["sid"] for s in account["services"]])
        for service in account["services"]:
            there = services(service["sid"])
            listed = there.environments.list(page_size=3)
            self.same(
                f"{name} environments", [(e.sid, e.build_sid) for e in listed],
                [(e["sid"], e["build_sid"]) for e in service["environments"]])
            functions = there.functions.list(page_size=2)
            self.same(f"{name} functions", [f.sid for f in functions], service["functions"])
            for environment in service["environments"]:
                logs = there.environments(environment["sid"]).logs
                if environment["build_sid"] is None:
                    self.same(f"{name} logs without a build", logs.list(start_date=LONG_AGO), [])
                    continue
                expected = self.truth(account=sid, dataset="serverless.logs", environment=environment["sid"])
                self.records(f"{name} logs", logs, expected, lambda log: log.date_created, inclusive=False)


LONG_AGO = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=20)


def date(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def aware(time):
    """The library leaves dates with fractions as they are written."""
    return datetime.datetime.fromisoformat(time.replace("Z", "+00:00")) if isinstance(time, str) else time


def main():
    # Whatever ends this ends the simulator too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    simulator = subprocess.Popen([sys.argv[1], *ARGUMENTS], stdout=subprocess.PIPE)
    try:
        line = simulator.stdout.readline()
        if not line:
            sys.exit("the simulator ended before it was ready; see above")
        conformance = Conformance(json.loads(line))
        conformance.subaccounts()
        for account in (conformance.accounts[0], conformance.accounts[7]):
            conformance.account(account)
    finally:
        simulator.terminate()
        try:
            simulator.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            simulator.kill()
            raise
    print(
        f"{conformance.checks - conformance.failures} comparisons the same, {conformance.failures} not, "
        f"in {conformance.http.requests} requests of Twilio's library")
    sys.exit(1 if conformance.failures else 0)


if __name__ == "__main__":
    main()
