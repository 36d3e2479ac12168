"""Tell the sentiment of sentences out of editorials: a script with text, in one piece."""

import csv
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, accuracy_score, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

data = "editorials.tsv"  # sentences and ratings, as scripts/get_editorials.py writes them
threshold = 0.3  # ratings nearer to 0 are neutral: a bit more than a quarter of the sentences
test_size = 0.2  # share of the sentences that is kept for the test
random_state = 42  # seed of the split

# ---- load and label the sentences -----------------------------------------------
with Path(data).open(encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file, delimiter="\t"))
ratings = {row["sentence"]: float(row["rating"]) for row in rows}  # some were rated twice
X = list(ratings)
rating = np.array(list(ratings.values()))
y = np.select([rating <= -threshold, rating >= threshold], ["negative", "positive"], "neutral")
print(f"Total of {len(X):,} sentences in {len(rows):,} rows")
for label, count in zip(*np.unique(y, return_counts=True), strict=True):
    print(f"{count:,} are {label}")

# ---- split into train and test --------------------------------------------------
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=test_size, random_state=random_state, stratify=y
)
print(f"{len(y_train):,} sentences to train on, {len(y_test):,} sentences to test on")

# ---- train a text classifier ----------------------------------------------------
model = make_pipeline(
    TfidfVectorizer(ngram_range=(1, 2), min_df=2),
    LogisticRegression(C=3, class_weight="balanced", max_iter=1000),
)
model.fit(X_train, y_train)
print(f"{len(model[0].vocabulary_):,} words and pairs of words")

# ---- predict and evaluate -------------------------------------------------------
y_predicted = model.predict(X_test)
accuracy = accuracy_score(y_test, y_predicted)
macro_f1 = f1_score(y_test, y_predicted, average="macro")
print(f"Accuracy {accuracy:.3f}, macro F1 {macro_f1:.3f}")
y_baseline = DummyClassifier(strategy="most_frequent").fit(X_train, y_train).predict(X_test)
baseline_accuracy = accuracy_score(y_test, y_baseline)
baseline_f1 = f1_score(y_test, y_baseline, average="macro")
print(f"Always {y_baseline[0]}: accuracy {baseline_accuracy:.3f}, macro F1 {baseline_f1:.3f}")

# ---- show the mistakes ----------------------------------------------------------
ConfusionMatrixDisplay.from_predictions(y_test, y_predicted, normalize="true", cmap="Blues")
plt.title(f"accuracy {accuracy:.3f}, of the most frequent class {baseline_accuracy:.3f}")
plt.savefig("sentiment.png")
confidence = model.predict_proba(X_test).max(axis=1)
mistakes = np.flatnonzero(y_predicted != y_test)
for i in mistakes[np.argsort(-confidence[mistakes], kind="stable")][:5]:
    print(f"{confidence[i]:.0%} {y_predicted[i]}, rated {y_test[i]}: {X_test[i]}")
