"""GaussianTalker (ACM MM 2024); facts and how they were checked: docs/renderer-facts.md."""

from pase_adapters.renderers.family import SPLITS
from pase_adapters.renderers.gaussian_family import (
    ACTION_UNITS,
    AUDIO_LAYER,
    BASEL,
    GAUSSIAN_TALKER_LIMITS,
    ONLY_VALIDATION_FRAMES,
    TRACKING,
    gaussian_talker_slots,
)
from pase_adapters.spec import Command, Launch, RendererSpec

# Its render.py names the result after the last folder but one of the path: hence the slash at the end.
_WHERE = "-s {data} --model_path output/{workspace}/ --configs arguments/64_dim_1_transformer.py"

SPEC = RendererSpec(
    name="gaussian-talker",
    description="GaussianTalker (ACM MM 2024): one Gaussian head per person, trained on 3-5 minutes of 25 fps video",
    project_url="https://github.com/cvlab-kaist/GaussianTalker",
    commit="250fb9347dfbd370463c575273cc293547aeeaef",
    licence=f"Gaussian-Splatting licence, for research only; {BASEL}",
    slots=gaussian_talker_slots(),
    frame_lists=SPLITS,
    needs=(ACTION_UNITS, TRACKING),
    training_commands=(
        Command("train", f"{{python}} train.py {_WHERE}"),
        Command("test", f"{{python}} render.py {_WHERE} --iteration 10000 --batch 128"),
    ),
    driving_commands=(
        Command(
            "speak this recording, as long as the validation frames last",
            f"{{python}} render.py {_WHERE} --iteration 10000 --batch 128 --custom_aud {{features}} "
            "--custom_wav {audio} --skip_train --skip_test",
        ),
    ),
    launch=Launch("scene.networks", subject_option="-s"),
    audio_layer=AUDIO_LAYER,
    proven="rebuilt reader and networks; its own scripts' options, reader and networks on a CPU",
    limits=GAUSSIAN_TALKER_LIMITS,
    hazards=ONLY_VALIDATION_FRAMES,
)
