"""GeneFace (ICLR 2023), its RAD-NeRF driven by sound directly; facts and how they were checked: docs/renderer-facts.md.

GeneFace's usual way goes from sound to landmarks, by a model trained on many people, and from those to pictures. This
adapter serves the other way that it offers, `egs/egs_bases/radnerf/radnerf.yaml`, in which features go into the NeRF.
"""

from dataclasses import replace

from pase_adapters.renderers.family import ROWS_OF_16, SPLITS
from pase_adapters.spec import Command, Need, RendererSpec, Slot

_CONFIG = '--config="egs/datasets/videos/$(basename {data})/%s.yaml"'
_BAKE = "PYTHONPATH=. {python} data_gen/nerf/binarizer.py " + _CONFIG % "radnerf"
_HEAD = "PYTHONPATH=. {python} tasks/run.py " + _CONFIG % "radnerf" + " --exp_name={workspace}"
_TORSO = (
    "PYTHONPATH=. {python} tasks/run.py "
    + _CONFIG % "radnerf_torso"
    + " --exp_name={workspace}_torso --hparams=head_model_dir=checkpoints/{workspace}"
)
_MADE = "the renderer's preprocessing, data_gen/nerf/process_data.sh"

SPEC = RendererSpec(
    name="geneface",
    description="GeneFace (ICLR 2023): its RAD-NeRF per person, driven by sound directly, from 25 fps video",
    project_url="https://github.com/yerfor/GeneFace",
    commit="15ff4e5c8fb5bb7dd8fc4cf7befca832ec40754c",
    licence="MIT; its 3D face model (Basel Face Model 2009) has terms of its own",
    slots=(Slot("esperanto", replace(ROWS_OF_16, width=44), "aud_esperanto.npy", "{stem}_esperanto.npy"),),
    frame_lists=SPLITS,
    needs=tuple(
        Need(file, _MADE)
        for file in (
            "aud_deepspeech.npy",
            "aud_hubert.npy",
            "aud_mel_f0.npy",
            "vid_coeff.npy",
            "gt_imgs/*.jpg",
            "torso_imgs/*.png",
            "ori_imgs/*.lms",
            "bc.jpg",
        )
    ),
    training_commands=(
        Command("bake the features into the training set, again whenever they change", _BAKE),
        Command("train the head", _HEAD),
        Command("train the torso", _TORSO),
    ),
    driving_commands=(),
    audio_layer="cond_prenet.encoder_conv.0.weight",
    proven="rebuilt loader and networks; its own command lines, binarizer, loader and networks on a CPU",
    limits=(
        "the landmark route is not served: its generic model would have to be trained again, on LRS3",
        "no script of it drives this route by another recording; its test (--infer) misses a setting, gen_dir_name",
        "the subject's folder is data/processed/videos/ID; egs/datasets/videos/ID needs the two config files of May",
        "more frames than the config's individual_embedding_num (13,000) do not go into it",
    ),
)
