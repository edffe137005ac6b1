"""Evaluates Sigma rules as pySigma understands them, after a pipeline has renamed their fields.

A field that holds a list matches if any of its values does, as in a SIEM. What a rule may need and this does not know
is an error, so that no rule passes because it was not understood.
"""

import collections
import datetime
import re

from sigma.conditions import (ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT, ConditionOR)
from sigma.correlations import SigmaCorrelationConditionOperator, SigmaCorrelationRule, SigmaCorrelationType
from sigma.types import SigmaCompareExpression, SigmaNumber, SigmaString, SpecialChars


def flattened(record):
    """Each leaf's path, with dots, and the values that stand there."""
    values = collections.defaultdict(list)

    def walk(path, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{path}.{key}" if path else key, inner)
        elif isinstance(value, list):
            for inner in value:
                walk(path, inner)
        elif value is not None:
            values[path].append(value)

    walk("", record)
    return values


def pattern(string):
    parts = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    return "".join(parts[part] if part in parts else re.escape(part) for part in string.s)


def equals(wanted, value):
    if isinstance(wanted, SigmaString):
        return re.fullmatch(pattern(wanted), str(value), re.IGNORECASE | re.DOTALL) is not None
    if isinstance(wanted, SigmaNumber):
        return value == wanted.number
    if isinstance(wanted, SigmaCompareExpression):
        compare = {"GTE": float.__ge__, "GT": float.__gt__, "LT": float.__lt__, "LTE": float.__le__}
        return compare[wanted.op.name](float(value), float(wanted.number.number))
    raise NotImplementedError(f"a value of the type {type(wanted).__name__}")


def holds(condition, values):
    if isinstance(condition, ConditionAND):
        return all(holds(argument, values) for argument in condition.args)
    if isinstance(condition, ConditionOR):
        return any(holds(argument, values) for argument in condition.args)
    if isinstance(condition, ConditionNOT):
        return not holds(condition.args[0], values)
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        return any(equals(condition.value, value) for value in values.get(condition.field, []))
    raise NotImplementedError(f"a condition of the type {type(condition).__name__}")


def matches(rule, values):
    return any(holds(condition.parsed, values) for condition in rule.detection.parsed_condition)


def instant(values, key):
    return datetime.datetime.fromisoformat(values[key][0].replace("Z", "+00:00"))


def correlated(rule, matching, time_key):
    """The groups of which the correlation tells: (time of the first record, value that it groups by).

    `matching` has the flattened records that each rule it refers to matches, by that rule's name.
    """
    assert isinstance(rule, SigmaCorrelationRule) and len(rule.group_by) == 1
    span = datetime.timedelta(seconds=rule.timespan.seconds)
    groups = collections.defaultdict(list)
    for reference in rule.rules:
        for values in matching[reference.rule.name]:
            for group in values.get(rule.group_by[0], []):
                groups[group].append((instant(values, time_key), reference.rule.name))
    found = set()
    for group, hits in groups.items():
        hits.sort()
        for first, (begin, _) in enumerate(hits):
            within = [name for time, name in hits[first:] if time - begin <= span]
            if rule.type == SigmaCorrelationType.EVENT_COUNT:
                assert rule.condition.op == SigmaCorrelationConditionOperator.GT
                enough = len(within) > rule.condition.count
            elif rule.type == SigmaCorrelationType.TEMPORAL:
                enough = set(within) == {reference.rule.name for reference in rule.rules}
            else:
                raise NotImplementedError(f"a correlation of the type {rule.type.name}")
            if enough:
                found.add((begin, group))
    return found
