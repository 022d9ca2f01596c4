"""The parameters that both recurrent estimators share, described once."""

PARAMETERS = """Parameters
----------
n_hidden : int or tuple of int, default=100
    Number of units, or of those of each stacked layer. Where layers are stacked,
    parameters of units and weights may be lists with one entry per layer.
tau : float or array-like of shape (n_hidden,), default=100.0
    Time constant of the units, or of each [1]_, in ms.
dt : float, default=20.0
    Time between the samples of X and step of the integration [1]_, in ms.
learn_tau : bool, default=False
    Whether the time constant of each unit is learned.
tau_bounds : tuple of float or "raw", default=None
    Shortest and longest time constant that may be learned, in ms; None is ``dt`` and
    infinity. "raw" learns ``dt / tau`` itself and has no bounds, as nn4n.
activation : str or callable, default="relu"
    Rate as a function of the state: "relu", "tanh", "sigmoid", "retanh" (its positive
    part), "linear", "power" (squared positive part), "softplus", or an element-wise
    function of tensors.
preact_noise : float, default=0.0
    Standard deviation of the noise of states, in units of the states. Song et al. take
    0.15 [1]_.
postact_noise : float, default=0.0
    Standard deviation of the noise of rates, in units of the rates.
noise_convention : {"song", "nn4n", "raw"}, default="song"
    Factor of ``preact_noise`` in each step, with ``alpha = dt / tau``: "song" is the
    square root of ``2 alpha``, which makes the noise of states independent of ``dt``
    [1]_; "nn4n" is ``alpha``; "raw" is 1.
noise_at_predict : bool, default=False
    Whether there is noise outside training as well.
ei_ratio : float, default=None
    Share of excitatory units, the first of each layer, which makes all weights from a
    unit agree in sign (Dale's law), dimensionless. Song et al. take 0.8 [1]_.
ei_mask : array-like of shape (n_hidden,), default=None
    Sign of each unit instead: 1, -1, or 0 for unconstrained.
constraint : {"project", "rectify", "abs"}, default="project"
    How signs are kept: by clipping weights after each step, or by learning ``p`` in
    ``max(p, 0)`` [1]_ or in ``abs(p)``.
density : float, default=1.0
    Probability of each recurrent connection, dimensionless.
self_connections : bool, default=False
    Whether units connect to themselves.
input_mask : array-like of shape (n_hidden, n_inputs), default=None
    0 where no input arrives.
recurrent_mask : array-like of shape (n_hidden, n_hidden), default=None
    0 where there is no connection; replaces ``density``.
output_mask : array-like of shape (n_outputs, n_hidden), default=None
    0 where a unit is not read.
input_signs : float or array-like of shape (n_hidden, n_inputs), default=None
    Sign of input weights, one for all, per input or per weight; 0 is free.
recurrent_signs : array-like of shape (n_hidden, n_hidden), default=None
    Sign of each recurrent weight, which replaces that of the units.
output_signs : float or array-like of shape (n_outputs, n_hidden), default=None
    Sign of readout weights; None is that of the units.
excitatory_readout : bool, default=True
    Whether inhibitory units are left out of the readout, if there is no
    ``output_mask``.
feedback_mask : array-like of shape (n_hidden, n_later), default=None
    0 where there is no connection back from the next stacked layer; a list with one
    entry per pair of layers where there are three or more.
feedback_signs : float or array-like of shape (n_hidden, n_later), default=None
    Sign of these weights; None is that of the units that send them.
input_plasticity : array-like of shape (n_hidden, n_inputs), default=None
    Factor of each change of a weight under any optimiser; 0 freezes it.
recurrent_plasticity : array-like of shape (n_hidden, n_hidden), default=None
    The same for recurrent weights.
output_plasticity : array-like of shape (n_outputs, n_hidden), default=None
    The same for readout weights.
feedback_plasticity : array-like of shape (n_hidden, n_later), default=None
    The same for weights back from the next stacked layer.
input_weights : str, float or array-like, default="uniform"
    Initial weights: "uniform" or "normal", of size ``1 / sqrt(n_sources)``, "zero", the
    half-width of a uniform distribution (0.1 in [1]_), or the weights.
recurrent_weights : str, float or array-like, default="auto"
    The same, or "gamma", the distribution of [1]_; "auto" is "gamma" under Dale's law
    and "normal" without.
output_weights : str, float or array-like, default="uniform"
    Initial weights of the readout.
feedback_weights : str, float or array-like, default="uniform"
    Initial weights back from the next stacked layer.
balance : {"row", "matrix"} or None, default="row"
    What is balanced initially: excitation and inhibition of each unit [1]_, or of all
    (nn4n). Given weights are left alone.
spectral_radius : float or "auto", default="auto"
    Spectral radius of initial recurrent weights, dimensionless; "auto" is 1.5 under
    Dale's law and 1.1 without [1]_; None leaves it. Given weights are left alone.
input_bias : str, float or array-like, default=None
    Initial bias at the input; None has none. A second one is redundant but in nn4n.
recurrent_bias : str, float or array-like, default="zero"
    Initial bias of the units; None has none.
output_bias : str, float or array-like, default="zero"
    Initial bias of the readout; None has none.
initial_state : float or array-like of shape (n_hidden,), default=0.0
    State before the first step, in units of the states.
learn_initial_state : bool, default=False
    Whether it is learned.
start : {"activation", "state"}, default="activation"
    Whether the first recurrent input is the activation of the initial state, or that
    state itself, as in the stacked layers of nn4n.
feedforward_delay : float, default=0.0
    Delay from one stacked layer to the next, in ms.
feedback_delay : float, default=None
    Delay from a stacked layer to the one before, in ms; None does not connect them.
readout : {"last", "all"}, default="last"
    Which stacked layers are read.
duration : float, default=200.0
    How long the constant inputs of a 2-D X last, in ms.
penalties : dict, default=None
    Penalties and their weights, such as ``{"rate_l2": 1e-3, "recurrent_l1": 1e-3}``,
    or pairs of a penalty and its weight under any name. Names are listed in the user
    guide; "omega" is the regulariser of [1]_.
optimizer : str or callable, default="adam"
    "adam", "adamw", "sgd", "rmsprop" or a class of optimisers.
optimizer_params : dict, default=None
    Its other arguments, such as ``{"weight_decay": 0.01}``.
lr : float, default=0.001
    Learning rate, dimensionless.
max_epochs : int, default=20
    Passes over the trials.
batch_size : int, default=64
    Trials per step.
gradient_clip : float, default=1.0
    Largest norm of the gradient of all parameters [1]_, dimensionless; None does not
    clip.
train_split : callable, default=None
    Split of skorch into training and validation, for early stopping.
callbacks : list, default=None
    Callbacks of skorch.
warm_start : bool, default=False
    Whether ``fit`` goes on with the fitted network.
device : str or torch.device, default="auto"
    Where to train; "auto" is CUDA where there is one.
verbose : int, default=0
    Whether skorch prints a line per epoch.
random_state : int, RandomState instance or None, default=None
    Seed of weights, order of trials and noise."""

ATTRIBUTES = """net_ : skorch.NeuralNet
    Trained net; ``net_.module_`` is the torch module.
history_ : skorch.History
    What was recorded in each epoch.
input_weights_ : ndarray of shape (n_hidden, n_inputs)
    Weights from inputs; a list where layers are stacked.
recurrent_weights_ : ndarray of shape (n_hidden, n_hidden)
    Weights among units; a list where layers are stacked.
output_weights_ : ndarray of shape (n_outputs, n_hidden)
    Weights of the readout.
output_bias_ : ndarray of shape (n_outputs,)
    Bias of the readout.
tau_ : ndarray of shape (n_hidden,)
    Time constants, in ms; a list where layers are stacked.
seed_ : int
    Seed of training, and of noise in predictions.
n_fits_ : int
    How often training went on.
n_features_in_ : int
    Number of input channels.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of channels, where fit saw a DataFrame."""

NOTES = r"""The network is

.. math::

    x_t &= (1 - \alpha) x_{t-1} + \alpha (W_{rec} r_{t-1} + W_{in} u_t + b)
           + \sqrt{2 \alpha}\, \sigma\, \varepsilon_t \\
    r_t &= f(x_t), \qquad y_t = W_{out} r_t + b_{out}, \qquad \alpha = dt / \tau

2-D X holds inputs that stay constant for ``duration``. Constraints hold exactly after
every step of any optimiser. Masks of steps are a keyword of ``fit``, ``predict`` and
``score``; inside searches they travel by metadata routing, see the user guide."""

RAISES = """Raises
------
ValueError
    If arrays, sizes or times do not fit together."""

REFERENCES = """.. [1] H. F. Song, G. R. Yang and X.-J. Wang (2016), PLoS Comput. Biol.
   12, e1004792, Table 1 and Methods. :doi:`10.1371/journal.pcbi.1004792`"""


def document(summary, *, extra_attributes="", notes, see_also, examples):
    """Assemble the docstring of an estimator.

    Parameters
    ----------
    summary : str
        First line, and what follows it.
    extra_attributes : str, default=""
        Attributes of this estimator only.
    notes, see_also, examples : str
        Sections.

    Returns
    -------
    str
        Docstring.
    """
    parts = [
        summary,
        PARAMETERS,
        f"Attributes\n----------\n{extra_attributes}{ATTRIBUTES}",
        RAISES,
        f"See Also\n--------\n{see_also}",
        f"Notes\n-----\n{NOTES}\n\n{notes}",
        f"References\n----------\n{REFERENCES}",
        f"Examples\n--------\n{examples}",
    ]
    return "\n\n".join(parts) + "\n"
