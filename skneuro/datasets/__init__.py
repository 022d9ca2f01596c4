"""Loaders, generators and fetchers."""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_atlases": ["load_atlas_labels"],
        "_connectomes": ["fetch_connectome", "load_connectome"],
        "_synthetic": ["make_connectome"],
        "_task_env": ["load_task_from_env"],
        "_task_scores": ["score_task"],
        "_tasks_decision": [
            "make_context_integration",
            "make_multisensory",
            "make_perceptual_decision",
            "make_pulse_accumulation",
        ],
        "_tasks_memory": [
            "make_delayed_match_to_sample",
            "make_flip_flop",
            "make_go_nogo",
            "make_parametric_working_memory",
        ],
        "_tasks_motor": ["make_delayed_reach", "make_sequence_execution"],
        "_tasks_navigation": ["make_spatial_navigation"],
        "_tasks_timing": [
            "make_cued_interval",
            "make_interval_discrimination",
            "make_ready_set_go",
            "make_sine",
        ],
        "_tasks_yang": ["make_yang_task", "make_yang_tasks"],
    },
)

__all__ = [
    "fetch_connectome",
    "load_atlas_labels",
    "load_connectome",
    "load_task_from_env",
    "make_connectome",
    "make_context_integration",
    "make_cued_interval",
    "make_delayed_match_to_sample",
    "make_delayed_reach",
    "make_flip_flop",
    "make_go_nogo",
    "make_interval_discrimination",
    "make_multisensory",
    "make_parametric_working_memory",
    "make_perceptual_decision",
    "make_pulse_accumulation",
    "make_ready_set_go",
    "make_sequence_execution",
    "make_sine",
    "make_spatial_navigation",
    "make_yang_task",
    "make_yang_tasks",
    "score_task",
]
