"""A flow whose model takes texts and tells classes: it is no formula, and has to be asked."""

from metaflow import FlowSpec, step


class SentencesFlow(FlowSpec):
    """Learn which sentences are glad."""

    @step
    def start(self):
        """Fit a pipeline to a few sentences."""
        import numpy as np
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        glad = [f"what a fine and happy day it was, the {n}th" for n in range(20)]
        sad = [f"a sad loss and an awful night, the {n}th" for n in range(20)]
        X, y = np.array(glad + sad), np.array(["glad"] * 20 + ["sad"] * 20)
        self.X_train, self.X_test = X[::2], X[1::2]
        self.y_train, self.y_test = y[::2], y[1::2]
        self.model = make_pipeline(TfidfVectorizer(), LogisticRegression())
        self.model.fit(self.X_train, self.y_train)
        self.next(self.end)

    @step
    def end(self):
        """Be done."""


if __name__ == "__main__":
    SentencesFlow()
