#!/usr/bin/env python3
"""Reads JUnit XML from standard input, refuses what CI systems would trip over, and prints it as plain lines.

The shape is that of the schema which Jenkins' xunit plugin and GitLab read: testsuites > testsuite > properties?,
testcase* > properties?, one of skipped, error, failure or nothing; counts that are true; names that are there.
"""
import sys
import xml.etree.ElementTree as ElementTree

COUNTS = ("tests", "failures", "errors", "skipped")
VERDICTS = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def refuse(why):
    sys.exit(why)


def need(condition, why):
    if not condition:
        refuse(why)


def counts(node):
    for name in COUNTS:
        need(node.get(name, "").isdigit(), f"{node.tag}: no count '{name}'")
    return {name: int(node.get(name)) for name in COUNTS}


def line(node):
    return f"{node.get('name')}: " + ", ".join(f"{node.get(name)} {name}" for name in COUNTS)


def check_properties(node):
    properties = node.findall("properties")
    need(len(properties) <= 1, "properties twice")
    for each in properties:
        need(list(node)[0] is each, "properties must come first")
        for one in each:
            need(one.tag == "property" and one.get("name") and one.get("value") is not None, "a property lacks a field")


def read_case(case, classname):
    need(case.tag == "testcase", f"unexpected {case.tag}")
    need(case.get("name") is not None and case.get("classname") == classname, "a testcase lacks its name")
    check_properties(case)
    verdicts = [child for child in case if child.tag != "properties"]
    need(len(verdicts) <= 1, "a testcase with two verdicts")
    if not verdicts:
        return None, f"  {case.get('name')} pass"
    verdict = verdicts[0]
    need(verdict.tag in VERDICTS, f"unknown verdict {verdict.tag}")
    need(verdict.get("message"), f"a {verdict.tag} without a message")
    need(verdict.tag == "skipped" or verdict.get("type"), f"a {verdict.tag} without a type")
    kind = "" if verdict.tag == "skipped" else " " + verdict.get("type")
    return verdict.tag, f"  {case.get('name')} {verdict.tag}{kind}: {verdict.get('message')}"


def main():
    # Standard output is UTF-8 whatever the locale of a CI machine.
    sys.stdout.reconfigure(encoding="utf-8")
    root = ElementTree.fromstring(sys.stdin.buffer.read())
    need(root.tag == "testsuites" and len(root) > 0, "no test suites")
    total = dict.fromkeys(COUNTS, 0)
    lines = [line(root)]
    for suite in root:
        need(suite.tag == "testsuite" and suite.get("name"), "a suite without a name")
        check_properties(suite)
        found = dict.fromkeys(COUNTS, 0)
        lines.append(line(suite))
        for case in suite:
            if case.tag == "properties":
                continue
            verdict, text = read_case(case, suite.get("name"))
            found["tests"] += 1
            if verdict:
                found[VERDICTS[verdict]] += 1
            lines.append(text)
        need(found == counts(suite), f"{suite.get('name')}: counts are not true")
        for name in COUNTS:
            total[name] += found[name]
    need(total == counts(root), "the sums are not true")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
