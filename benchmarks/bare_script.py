"""What the stages are measured against: read, split, fit, predict, score, draw, no more.

python benchmarks/bare_script.py DATA.txt FIGURE.png
"""

import sys

import polars as pl
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

frame = pl.read_csv(sys.argv[1], has_header=False, separator="\t")
X, y = frame[:, :-1].to_numpy(), frame[:, -1].to_numpy()
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
model = LinearRegression().fit(X_train, y_train)
y_predicted = model.predict(X_test)
print("MSE", mean_squared_error(y_test, y_predicted), "R²", r2_score(y_test, y_predicted))
figure = Figure(figsize=(6, 5.5), dpi=110, layout="constrained")
axes = figure.subplots()
if len(y_test) <= 5_000:
    axes.scatter(y_test, y_predicted, s=18, alpha=0.6)
else:
    axes.hist2d(y_test, y_predicted, bins=120, norm=LogNorm())
axes.plot([y_test.min(), y_test.max()], [y_test.min(), y_test.max()], color="tab:red")
figure.savefig(sys.argv[2])
