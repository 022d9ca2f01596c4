"""Environments are recognised by what they can do."""

import numpy as np
import pytest

from skneuro.datasets import load_task_from_env, score_task


class WholeTrials:
    """In the style of NeuroGym: a trial at once, of random length."""

    dt = 50

    def reset(self, seed=None):
        self.rng = np.random.default_rng(seed)
        return np.zeros(2), {}

    def new_trial(self):
        n_times, side = self.rng.integers(3, 7), self.rng.integers(1, 3)
        self.ob = np.zeros((n_times, 2))
        self.ob[:, side - 1] = 1
        self.gt = np.r_[np.zeros(n_times - 1, int), side]
        return {"side": side, "map": np.zeros(3)}


class Stepped:
    """In the style of gymnasium: one step at a time; the action is seen next."""

    def reset(self, *, seed=None):
        self.rng = np.random.default_rng(seed)
        self.step_in_trial, self.side = 0, self.rng.choice([-1.0, 1.0])
        return np.array([self.side, 0.0]), {}

    def step(self, action):
        self.step_in_trial += 1
        info = {"gt": np.array([self.side * self.step_in_trial]), "side": self.side}
        if self.step_in_trial == 4:
            info["new_trial"] = True
            self.step_in_trial, self.side = 0, self.rng.choice([-1.0, 1.0])
        return np.array([self.side, np.sum(action)]), 0.0, False, False, info


def test_whole_trials_of_unequal_length():
    task = load_task_from_env(WholeTrials(), 30, random_state=0)
    n_steps = task.conditions.n_steps.to_numpy()
    assert set(n_steps) == {3, 4, 5, 6}
    np.testing.assert_array_equal(task.mask.sum(axis=1), n_steps)
    np.testing.assert_array_equal(task.labels, task.conditions.side)
    np.testing.assert_array_equal(task.X[:, :, 0].argmax(axis=1) + 1, task.labels)
    assert task.y.shape == (30, 3, 6)
    assert task.dt == 50
    assert next(iter(task.conditions)) == "side" and "map" not in task.conditions
    assert score_task(task, task.y)[0] == 1


def test_wrapped_environments_are_looked_through():
    class Wrapper:
        def __init__(self, env):
            self.unwrapped = env

        def reset(self, seed=None):
            return self.unwrapped.reset(seed=seed)

    bare = load_task_from_env(WholeTrials(), 5, random_state=1)
    wrapped = load_task_from_env(Wrapper(WholeTrials()), 5, random_state=1)
    np.testing.assert_array_equal(bare.X, wrapped.X)


def test_stepping_repeats_the_last_right_action():
    task = load_task_from_env(Stepped(), 6, random_state=0)
    assert task.X.shape == (6, 2, 4) and task.y.shape == (6, 1, 4)
    side = task.conditions.side.to_numpy()
    np.testing.assert_allclose(task.y[:, 0], side[:, None] * [1, 2, 3, 4])
    np.testing.assert_allclose(task.X[:, 1, 1:], side[:, None] * [0, 1, 2])
    assert task.labels is None and task.criterion == "rmse"


def test_what_is_no_environment_says_so():
    with pytest.raises(TypeError, match="env is a str without new_trial"):
        load_task_from_env("PerceptualDecisionMaking-v0")

    class Silent(Stepped):
        def step(self, action):
            return np.zeros(2), 0.0, False, False, {}

    with pytest.raises(ValueError, match="has no 'gt'"):
        load_task_from_env(Silent(), 1, random_state=0)

    class Endless(Stepped):
        def step(self, action):
            return np.zeros(2), 0.0, False, False, {"gt": 0}

    with pytest.raises(ValueError, match="has not ended after 10000 steps"):
        load_task_from_env(Endless(), 1, random_state=0)
