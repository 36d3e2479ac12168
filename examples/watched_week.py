"""A model that is released and used for a week; on Thursday, larger houses come."""

from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

from mlstages.records import Feedback, Prediction, Records, find_records
from mlstages.release.description import describe_release
from mlstages.release.log import ReleaseLog
from mlstages.release.places import find_history
from mlstages.trained import ColumnKind, Container, TrainedModel

MONDAY = 1_793_577_600  # 2026-11-02, in seconds since 1970
DAY = 86_400
random = np.random.default_rng(0)


def draw(n, size=80.0):
    """Return sizes and prices of n houses."""
    X = random.normal(size, 20.0, (n, 1)).round(1)
    return X, (3.0 * X[:, 0] + random.normal(0.0, 15.0, n)).round(2)


X, y = draw(1000)
Path("houses.csv").write_text(
    "size,price\n" + "".join(f"{size},{price}\n" for (size,), price in zip(X, y, strict=True))
)
trained = TrainedModel(
    run="HouseFlow/1",
    model=LinearRegression().fit(X[:800], y[:800]),
    X_train=X[:800].astype(object),
    X_test=X[800:].astype(object),
    y_train=y[:800],
    y_test=y[800:],
    columns=("size",),
    kinds=(ColumnKind.NUMERIC,),
    container=Container.NUMBERS,
    target="price",
    is_classifier=False,
)
described = describe_release(
    trained, who="ann", when="2026-11-01T09:00:00+00:00", why="an example", forced=False, checks=()
)
released = ReleaseLog(find_history(), "HouseFlow").publish(described)

records = Records(find_records(find_history(), "HouseFlow"))
for day in range(7):
    sizes, _prices = draw(200, size=110.0 if day == 3 else 80.0)
    prices = trained.model.predict(sizes).tolist()
    records.add_predictions(
        Prediction(
            id=f"{day}-{i}",
            at=MONDAY + day * DAY + i * 400,
            run=released.run,
            row={"size": size},
            prediction=price,
            outside=tuple(released.schema.find_outside([size])),
            seconds=0.001,
        )
        for i, (size, price) in enumerate(zip(sizes[:, 0].tolist(), prices, strict=True))
    )
for size, price, remark in ((150.0, 320.0, "large houses sell for less"), (60.0, 1.0, "too dear")):
    records.add_feedback(
        Feedback(
            at=MONDAY + 4 * DAY,
            run=released.run,
            prediction_id=None,
            row={"size": size},
            prediction=float(trained.model.predict([[size]])[0]),
            truth=price,
            remark=remark,
        )
    )
records.close()
print("HouseFlow: a week of predictions, two remarks")
