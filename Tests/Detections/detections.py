"""Tries the Sigma rules of config/detections on records that the real twilship has collected and formatted.

Usage: detections.py PATH_OF_TWILSHIP. Exit codes: 0 each rule matches what it should and nothing else, 1 not.

twilship reads a Twilio of records.py, and writes each record to two files: as envelopes, and as ECS. The rules are then
evaluated on both, with the pipelines that the documentation names, and converted for the SIEMs that it names.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from sigma.backends.elasticsearch import EqlBackend, ESQLBackend, LuceneBackend
from sigma.backends.splunk import SplunkBackend
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.processing.pipeline import ProcessingPipeline

import evaluation
import records
import twilio

DETECTIONS = pathlib.Path(__file__).resolve().parents[2] / "config" / "detections"
PATIENCE_SECONDS = 60
CONFIGURATION = """
[state]
directory = "{folder}/state"
[log]
target = "stderr"
[rate_limit]
requests_per_second = 100
[[account]]
name = "production"
account_sid = "{account}"
secret = "env:TWILIO_SECRET"
[account.events]
base_url = "http://127.0.0.1:{port}"
poll_interval = "1s"
[account.logs]
base_url = "http://localhost:{port}"
poll_interval = "1s"
start = "30d"
[[account]]
name = "refused"
account_sid = "{refused}"
secret = "env:TWILIO_SECRET"
[account.events]
base_url = "http://127.0.0.1:{port}"
[account.logs]
enabled = false
[[sink]]
name = "envelope"
type = "file"
path = "{folder}/envelope.jsonl"
format = "envelope"
redact = ["secret"]
start = "oldest"
[[sink]]
name = "ecs"
type = "file"
path = "{folder}/ecs.jsonl"
format = "ecs"
redact = ["secret"]
start = "oldest"
[[sink]]
name = "webhook"
type = "http"
url = "http://127.0.0.1:{port}/hook"
compression = "none"
start = "oldest"
"""
# How each form names what is needed to recognise a record here.
FORMS = {
    "envelope": {"id": "id", "type": "type", "time": "time", "pipelines": ["site", "envelope"]},
    "ecs": {"id": "event.id", "type": "event.action", "time": "@timestamp", "pipelines": ["site", "ecs"]},
}
# SIEM, its pipelines, and whether it takes correlations.
CONVERSIONS = [
    (SplunkBackend, ["site", "envelope", "splunk"], True),
    (ESQLBackend, ["site", "ecs"], True),
    (EqlBackend, ["site", "ecs"], True),
    (LuceneBackend, ["site", "ecs"], False),
]


def pipeline(names):
    together = ProcessingPipeline()
    for name in names:
        together += ProcessingPipeline.from_yaml((DETECTIONS / "pipelines" / f"{name}.yml").read_text())
    return together


def converted():
    """How many queries the rules become; what cannot be converted is an error."""
    queries = 0
    for backend, pipelines, takes_correlations in CONVERSIONS:
        rules = SigmaCollection.load_ruleset([DETECTIONS / "rules"])
        if not takes_correlations:
            halves = {reference.rule.name for rule in rules if isinstance(rule, SigmaCorrelationRule)
                      for reference in rule.rules}
            rules = SigmaCollection([
                rule for rule in rules if not isinstance(rule, SigmaCorrelationRule) and rule.name not in halves
            ])
        made = backend(pipeline(pipelines)).convert(rules)
        assert made and all(made), backend
        queries += len(made)
    return queries


def mapped_fields():
    """The paths of the fields of Elasticsearch's index template."""
    template = json.loads((DETECTIONS.parent / "elastic-index-template.json").read_text())

    def walk(properties, prefix):
        for name, field in properties.items():
            if "properties" in field:
                yield from walk(field["properties"], f"{prefix}{name}.")
            else:
                yield prefix + name

    return walk(template["template"]["mappings"]["properties"], "")


def lines(path):
    """The whole lines of a file that is being written."""
    content = path.read_text() if path.exists() else ""
    return content[:content.rfind("\n") + 1]


def collected(program, folder):
    """Runs twilship until all records are in both files; gives them flattened, by form."""
    configuration = folder / "twilship.toml"
    configuration.write_text(CONFIGURATION.format(
        folder=folder, port=twilio.start(), account=records.ACCOUNT, refused=records.REFUSED_ACCOUNT))
    wanted = {record["sid"] for record, _ in records.events() + records.logs()} | set(records.OWN_RECORDS)
    environment = dict(os.environ, TWILIO_SECRET="x", no_proxy="*")
    with open(folder / "log", "wb") as log:
        service = subprocess.Popen([program, "run", "--config", configuration], stdout=log, stderr=log, env=environment)
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while True:
                # Looked for as text: to parse hundreds of lines again and again would take longer than all the rest.
                written = {form: lines(folder / f"{form}.jsonl") for form in FORMS}
                missing = {form: {one for one in wanted if f'"{one}"' not in written[form]} for form in FORMS}
                if not any(missing.values()):
                    return {form: [evaluation.flattened(json.loads(line)) for line in written[form].splitlines()]
                            for form in FORMS}
                if time.monotonic() > deadline or service.poll() is not None:
                    print((folder / "log").read_text()[-4000:])
                    sys.exit(f"error: these never arrived: {missing}")
                time.sleep(0.1)
        finally:
            service.send_signal(signal.SIGTERM)
            try:
                service.wait(15)
            except subprocess.TimeoutExpired:
                service.kill()


def main():
    with tempfile.TemporaryDirectory(prefix="twilship-detections.") as folder:
        found = collected(sys.argv[1], pathlib.Path(folder))
    expected = {record["sid"]: set(detections) for record, detections in records.events() + records.logs()}
    checks = failures = 0
    for form, names in FORMS.items():
        rules = SigmaCollection.load_ruleset([DETECTIONS / "rules"])
        form_pipeline = pipeline(names["pipelines"])
        matching, known = {}, set()
        # Correlations last: what they refer to must have been evaluated.
        for rule in sorted(rules, key=lambda rule: isinstance(rule, SigmaCorrelationRule)):
            form_pipeline.apply(rule)
            name = rule.name or rule.source.path.stem
            if isinstance(rule, SigmaCorrelationRule):
                actual = {((time - records.moment(0, 0)).days, group)
                          for time, group in evaluation.correlated(rule, matching, names["time"])}
                checks += 1
                if actual != records.CORRELATIONS[name]:
                    failures += 1
                    print(f"{form}: {name} told of {sorted(actual)}, not of {sorted(records.CORRELATIONS[name])}")
                continue
            matching[name] = []
            known.add(name)
            for values in found[form]:
                identity, type = values[names["id"]][0], values[names["type"]][0]
                should = name in expected.get(identity, records.OWN_RECORDS.get(type, []))
                does = evaluation.matches(rule, values)
                if does:
                    matching[name].append(values)
                checks += 1
                if does != should:
                    failures += 1
                    print(f"{form}: {name} {'matches' if does else 'does not match'} {type} {identity}: {dict(values)}")
            if not matching[name]:
                failures += 1
                print(f"{form}: {name} matches nothing at all")
        told = set().union(*expected.values(), *map(set, records.OWN_RECORDS.values()))
        if told != known:
            failures += 1
            print(f"rules and records name different detections: {sorted(told ^ known)}")
    # Queries on what has no mapping find nothing.
    mapped = set(mapped_fields())
    for path in sorted({path for values in found["ecs"] for path in values} - mapped):
        failures += 1
        print(f"config/elastic-index-template.json has no {path}")
    print(f"{converted()} queries converted, {checks} checks, {failures} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
