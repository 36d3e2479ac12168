"""The stages of long_uncommented.py, one function each."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split


def build_sentences_labels(seed):
    """Build sentences labels."""
    good, bad = ["fine", "lovely", "bright"], ["awful", "dull", "broken"]
    rng = np.random.default_rng(seed)
    sentences, labels = [], []
    for _ in range(200):
        is_good = bool(rng.integers(2))
        words = rng.choice(good if is_good else bad, 2)
        sentences.append(f"a {words[0]} film with a {words[1]} end")
        labels.append("good" if is_good else "bad")
    print(Counter(labels).most_common())
    return sentences, labels


def fit_logistic_regression(sentences, labels, seed):
    """Fit logistic regression."""
    train_texts, test_texts, y_train, y_test = train_test_split(
        sentences, labels, test_size=0.25, random_state=seed
    )

    vectorizer = TfidfVectorizer(min_df=2)
    X_train = vectorizer.fit_transform(train_texts)
    X_test = vectorizer.transform(test_texts)
    print("words:", len(vectorizer.vocabulary_))

    classifier = LogisticRegression(C=10)
    classifier.fit(X_train, y_train)
    return y_test, vectorizer, X_test, classifier


def evaluate_classifier(classifier, X_test, y_test):
    """Evaluate classifier."""
    y_predicted = classifier.predict(X_test)
    print("accuracy:", accuracy_score(y_test, y_predicted))
    print(confusion_matrix(y_test, y_predicted))


def save_strongest(classifier, vectorizer):
    """Save strongest."""
    order = np.argsort(classifier.coef_[0])
    names = vectorizer.get_feature_names_out()
    strongest = [str(names[i]) for i in (*order[:3], *order[-3:])]
    Path("strongest.txt").write_text("\n".join(strongest) + "\n")
    print(strongest, file=sys.stdout)


def main(seed=7):
    """Run the stages of long_uncommented.py, one after the other."""
    sentences, labels = build_sentences_labels(seed)
    y_test, vectorizer, X_test, classifier = fit_logistic_regression(
        sentences, labels, seed
    )
    evaluate_classifier(classifier, X_test, y_test)
    save_strongest(classifier, vectorizer)


if __name__ == "__main__":
    main()

# Made by mlstages refactor from long_uncommented.py; not proven: nothing was run. [83823b43]
