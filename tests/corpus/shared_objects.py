# %% read rows
rows = [{"price": 3.0, "rooms": 2}, {"price": 5.0, "rooms": 3}, {"price": 8.0, "rooms": 5}]
cheap = rows[0]
print(len(rows))

# %% raise prices
for row in rows:
    row["price"] *= 2
cheap["price"] += 1
print(cheap)

# %% report rows
total = sum(row["price"] for row in rows)
print(rows[0], total)
