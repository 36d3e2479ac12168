import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

X, y = make_classification(n_samples=300, n_features=6, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

forest = RandomForestClassifier(n_estimators=20, random_state=0)
forest.fit(X_train, y_train)

predicted = forest.predict(X_test)
accuracy = accuracy_score(y_test, predicted)
print("accuracy", accuracy)
order = np.argsort(forest.feature_importances_)[::-1]
for place in order:
    print(place, round(forest.feature_importances_[place], 3))
