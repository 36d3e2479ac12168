"""A flow that leaves a model, in one of the forms that rows come in."""

import numpy as np
from metaflow import FlowSpec, Parameter, step


def make(form):
    random = np.random.default_rng(0)
    X = random.normal(size=(120, 2))
    y = X[:, 0] - X[:, 1]
    if form == "frame":
        import pandas as pd
        from sklearn.linear_model import LinearRegression

        frame = pd.DataFrame(X, columns=["size", "age"])
        return LinearRegression().fit(frame[:90], y[:90]), frame, y
    if form == "classes":
        from sklearn.linear_model import LogisticRegression

        labels = np.where(y > 0, "dear", "cheap")
        return LogisticRegression().fit(X[:90], labels[:90]), X, labels
    if form == "numbers as classes":
        from sklearn.tree import DecisionTreeClassifier

        labels = (y > 0).astype(int)
        return (
            DecisionTreeClassifier(max_depth=3, random_state=0).fit(X[:90], labels[:90]),
            X,
            labels,
        )
    if form == "texts":
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.naive_bayes import MultinomialNB
        from sklearn.pipeline import make_pipeline

        labels = np.where(y > 0, "good", "bad")
        texts = [f"it is a very {label} and long day indeed {i}" for i, label in enumerate(labels)]
        model = make_pipeline(CountVectorizer(), MultinomialNB())
        return model.fit(texts[:90], labels[:90]), texts, labels
    if form == "sparse":
        from scipy.sparse import csr_matrix
        from sklearn.linear_model import LinearRegression

        return LinearRegression().fit(csr_matrix(X[:90]), y[:90]), csr_matrix(X), y
    return "no model", X, y


class ModelFlow(FlowSpec):
    form = Parameter("form", default="frame")

    @step
    def start(self):
        self.model, X, y = make(self.form)
        self.X_train, self.X_test, self.y_train, self.y_test = X[:90], X[90:], y[:90], y[90:]
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ModelFlow()
