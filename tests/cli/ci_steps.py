#!/usr/bin/env python3
"""Prints the jobs of a GitHub workflow or a GitLab pipeline as JSON: what each step runs, and when.

usage: ci_steps.py FILE

{"jobs": [{"name", "lenient", "steps": [{"name", "run", "when"}]}]}; `when` is GitHub's own expression, "" where a step
runs only while all before it went well. `lenient` names the keys that let a job pass in spite of a failure.
"""
import json
import sys

import yaml

LENIENT = ("continue-on-error", "allow_failure")


def lenient_keys(node):
    """Every such key anywhere below."""
    if isinstance(node, dict):
        found = [key for key in node if key in LENIENT]
        return found + [key for value in node.values() for key in lenient_keys(value)]
    return [key for value in node for key in lenient_keys(value)] if isinstance(node, list) else []


def github_steps(job):
    return [
        {"name": step.get("name", ""), "run": step["run"], "when": str(step.get("if", ""))}
        for step in job["steps"]
        if "run" in step
    ]


def gitlab_steps(job):
    steps = [{"name": line, "run": line, "when": ""} for line in job["script"]]
    return steps + [{"name": line, "run": line, "when": "after"} for line in job.get("after_script", [])]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = yaml.safe_load(file)
    if "jobs" in document:
        jobs = {name: (job, github_steps(job)) for name, job in document["jobs"].items()}
    else:
        jobs = {name: (job, gitlab_steps(job)) for name, job in document.items() if isinstance(job, dict)}
    print(json.dumps({"jobs": [{"name": name, "lenient": lenient_keys(job), "steps": steps}
                               for name, (job, steps) in jobs.items()]}))


if __name__ == "__main__":
    main()
