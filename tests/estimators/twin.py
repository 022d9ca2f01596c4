"""Estimators of skneuro.twin, which take videos, or tables as still images."""

from skneuro.twin import DigitalTwinRegressor

TINY = {
    "streams": 1,
    "retina_size": (8, 12),
    "block_channels": (4,),
    "block_groups": (1,),
    "block_layers": (1,),
    "block_temporals": (1,),
    "block_spatials": (3,),
    "block_pools": (1,),
    "feedforward_channels": 4,
    "recurrent": "conv_lstm",
    "recurrent_in": 4,
    "recurrent_hidden": 4,
    "recurrent_out": 4,
    "recurrent_groups": 1,
}

ESTIMATORS = [
    DigitalTwinRegressor(
        network_params=TINY,
        max_epochs=1,
        batches_per_epoch=2,
        device="cpu",
        random_state=0,
    )
]
EXPECTED_FAILED_CHECKS = {}
