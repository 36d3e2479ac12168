#!/usr/bin/env python

"""Cluster random points and say where the centres are."""

import random

CENTRES = [(0.0, 0.0), (5.0, 5.0)]


def distance(a, b):
    return ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5


def nearest(point, centres):
    return min(range(len(centres)), key=lambda i: distance(point, centres[i]))


def set_random_seed():
    """Set random seed."""
    random.seed(7)


def draw_points_around_centres(N_POINTS):
    """Draw the points around the centres."""
    points = []
    for number in range(N_POINTS):
        x, y = CENTRES[number % len(CENTRES)]
        points.append((x + random.gauss(0, 1), y + random.gauss(0, 1)))
    return points


def move_centres_until_nothing_changes(points):
    """Move the centres until nothing changes."""
    centres = [(1.0, 0.0), (4.0, 4.0)]
    rounds = 0
    while True:
        groups = [[] for _ in centres]
        for point in points:
            groups[nearest(point, centres)].append(point)
        moved = [
            (sum(p[0] for p in group) / len(group), sum(p[1] for p in group) / len(group))
            for group in groups
        ]
        rounds += 1
        if moved == centres:
            break
        centres = moved
    return centres, rounds


def report_result(rounds, centres):
    """Report the result."""
    print(f"{rounds} rounds")
    for x, y in centres:
        print(f"{x:.2f} {y:.2f}")


def main(N_POINTS=60):
    """Run the stages of guarded_main.py, one after the other."""
    set_random_seed()
    points = draw_points_around_centres(N_POINTS)
    centres, rounds = move_centres_until_nothing_changes(points)
    report_result(rounds, centres)


if __name__ == "__main__":
    main()

# Made by mlstages refactor from guarded_main.py; not proven: nothing was run. [cb7ec6c5]
