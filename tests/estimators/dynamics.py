"""Estimators of skneuro.dynamics."""

from skneuro.dynamics import (
    ALN,
    BalloonWindkessel,
    Bold,
    FeedbackInhibitionControl,
    FitzHughNagumo,
    Hopf,
    JansenRit,
    Kuramoto,
    LeadField,
    MontbrioPazoRoxin,
    NetworkSimulator,
    ReducedWongWang,
    SubSample,
    ThalamicNode,
    WilsonCowan,
    WongWang,
)

ESTIMATORS = [
    Hopf(duration=1.0, dt=0.01, random_state=0),
    Hopf(duration=1.0, dt=0.01, method="heun", sigma=0.01, random_state=0),
    Hopf(
        duration=1.0, dt=0.01, independent_noise=True, dtype="float32", random_state=0
    ),
    WilsonCowan(duration=10.0, monitor=SubSample(interval=1.0), random_state=0),
    WilsonCowan(duration=100.0, monitor=Bold(t_r=0.05), sigma=0.01, random_state=0),
    ALN(duration=1.0, random_state=0),
    FitzHughNagumo(duration=0.1, dt=0.001, random_state=0),
    WongWang(duration=10.0, random_state=0),
    ReducedWongWang(duration=10.0, random_state=0),
    Kuramoto(duration=1.0, random_state=0),
    JansenRit(duration=10.0, random_state=0),
    MontbrioPazoRoxin(duration=0.1, dt=0.001, random_state=0),
    ThalamicNode(duration=1.0, random_state=0),
    NetworkSimulator(
        [("hopf", Hopf(sigma=0.01)), ("cortex", WilsonCowan(inputs=("exc",)))],
        delays=0.5,
        n_nodes=(1, -1),
        duration=1.0,
        dt=0.01,
        random_state=0,
    ),
    FeedbackInhibitionControl(
        WongWang(duration=10.0, random_state=0), transient=1.0, tol=1e6
    ),
    LeadField(),
    LeadField(reference="average"),
    BalloonWindkessel(t_r=0.1, dt=1.0, duration=500.0),
]
EXPECTED_FAILED_CHECKS = {}
