"""Small fast instances of every public estimator, one file per subpackage.

Each file defines

- ``ESTIMATORS``: a list of instances, made small (``Hopf(duration=10.0)``);
- ``EXPECTED_FAILED_CHECKS``: ``{class name: {check name: reason}}``, where a check of
  scikit-learn cannot hold and the reason explains why; at most five per class;
- ``DATA`` (optional): ``{class name: function}``, where the function takes no argument
  and returns ``X, y`` that suit the class, if those of ``test_common.py`` do not.
"""
