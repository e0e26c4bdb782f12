"""Jobs of a target and the hours that they ask for, which is about three times what they are expected to take.

python benchmarks/scheduler/hours_asked.py truth_cifar10_full
"""

import argparse
from collections import defaultdict

import asked_and_used
from attribution.costs import requests


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="+")
    parser.add_argument("--configfile", nargs="*", default=[])
    arguments = parser.parse_args()
    found = defaultdict(list)
    for rule, memory, minutes in asked_and_used.asked(arguments.configfile, arguments.targets).values():
        found[rule].append((memory, minutes))
    print("| rule | jobs | hours asked for | expected | largest, GB |\n| --- | --- | --- | --- | --- |")
    for rule, jobs in sorted(found.items(), key=lambda item: -sum(minutes for _, minutes in item[1])):
        hours = sum(minutes for _, minutes in jobs) / 60
        largest = max(memory for memory, _ in jobs) / 1000
        print(f"| `{rule}` | {len(jobs)} | {hours:.1f} | {hours / requests.MARGIN:.1f} | {largest:.1f} |")


if __name__ == "__main__":
    main()
