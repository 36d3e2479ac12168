"""The stages of shared_objects.py, one function each."""


def read_rows():
    """Read rows."""
    rows = [{"price": 3.0, "rooms": 2}, {"price": 5.0, "rooms": 3}, {"price": 8.0, "rooms": 5}]
    cheap = rows[0]
    print(len(rows))
    return rows, cheap


def raise_prices(rows, cheap):
    """Raise prices."""
    for row in rows:
        row["price"] *= 2
    cheap["price"] += 1
    print(cheap)


def report_rows(rows):
    """Report rows."""
    total = sum(row["price"] for row in rows)
    print(rows[0], total)


def main():
    """Run the stages of shared_objects.py, one after the other."""
    rows, cheap = read_rows()
    raise_prices(rows, cheap)
    report_rows(rows)


if __name__ == "__main__":
    main()

# Made by mlstages refactor from shared_objects.py; not proven: nothing was run. [9cf8abbf]
