"""The peers of test/bench/experts.ts: scikit-learn's and XGBoost's regressors at their defaults, on matrices read from standard input.

One JSON a line in: {"x": rows with null where a value is missing, "y": numbers, "test": rows}; one line out: {method: predictions}.
"""
import json
import sys
import warnings

import numpy as np
import sklearn
import xgboost
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.impute import SimpleImputer
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

warnings.filterwarnings("ignore")


def methods(columns, rows):
    """All at their defaults. A Gaussian process has no kernel by default that learns: it gets the usual one, ARD Matern 5/2 and noise."""
    kernel = ConstantKernel(1.0) * Matern(length_scale=np.ones(columns), nu=2.5) + WhiteKernel()
    imputed = lambda model: make_pipeline(SimpleImputer(strategy="median"), model)
    scaled = lambda model: make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), model)
    return {
        "sklearn KNeighborsRegressor": scaled(KNeighborsRegressor(n_neighbors=min(5, rows))),
        "sklearn RandomForestRegressor": imputed(RandomForestRegressor(random_state=0)),
        "sklearn GradientBoostingRegressor": imputed(GradientBoostingRegressor(random_state=0)),
        "sklearn HistGradientBoostingRegressor": HistGradientBoostingRegressor(random_state=0),
        "xgboost XGBRegressor": xgboost.XGBRegressor(random_state=0),
        "sklearn GaussianProcessRegressor": scaled(GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)),
    }


print(json.dumps({"version": f"scikit-learn {sklearn.__version__}, XGBoost {xgboost.__version__}"}), flush=True)
for line in sys.stdin:
    task = json.loads(line)
    x, test = (np.array(task[name], dtype=float) for name in ("x", "test"))
    # A column without a value cannot be imputed.
    known = ~np.all(np.isnan(x), axis=0)
    x, test = x[:, known], test[:, known]
    answers = {}
    for name, model in methods(x.shape[1], len(x)).items():
        model.fit(x, np.array(task["y"]))
        answers[name] = model.predict(test).tolist()
    print(json.dumps(answers), flush=True)
