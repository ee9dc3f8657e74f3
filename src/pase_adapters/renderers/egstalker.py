"""EGSTalker, a descendant of GaussianTalker; facts and how they were checked: docs/renderer-facts.md."""

from pase_adapters.renderers.family import SPLITS
from pase_adapters.renderers.gaussian_family import (
    AUDIO_LAYER,
    BASEL,
    GAUSSIAN_TALKER_LIMITS,
    ONLY_VALIDATION_FRAMES,
    TRACKING,
    gaussian_talker_slots,
)
from pase_adapters.spec import Command, Launch, Need, RendererSpec

# Its render.py names the result after the last folder but one of the path: hence the slash at the end. The file of
# settings that its README renders with does not exist, and the one that it trains with ends after 1000 steps.
_WHERE = "-s {data} --model_path output/{workspace}/ --configs arguments/args.py"

SPEC = RendererSpec(
    name="egstalker",
    description="EGSTalker: GaussianTalker with Kolmogorov-Arnold networks, trained on 3-5 minutes of 25 fps video",
    project_url="https://github.com/ZhuTianheng/EGSTalker",
    commit="baec57b185737a9c9012cc166baf10f43a41d674",
    licence=f"none given; parts come from 3D Gaussian Splatting, which is for research only; {BASEL}",
    slots=gaussian_talker_slots(),
    frame_lists=SPLITS,
    needs=(
        Need("au.csv", "OpenFace's FeatureExtraction on the video, with the blanks taken out of its first line"),
        TRACKING,
    ),
    training_commands=(
        Command(
            "see that the subject lies where the renderer looks for it",
            'test datasets/Obama -ef {data} || echo "move the subject to datasets/Obama in the renderer\'s folder"',
        ),
        Command("train", f"{{python}} train.py {_WHERE}"),
        Command("test", f"{{python}} render.py {_WHERE} --iteration 1000 --batch 16"),
    ),
    driving_commands=(
        Command(
            "speak this recording, as long as the validation frames last",
            f"{{python}} render.py {_WHERE} --iteration 1000 --batch 16 --custom_aud {{features}} "
            "--custom_wav {audio} --skip_train --skip_test",
        ),
    ),
    launch=Launch("scene.networks", subject_option="-s"),
    audio_layer=AUDIO_LAYER,
    proven="rebuilt reader and networks; its own scripts' options, reader and networks on a CPU",
    limits=(
        "reads everything but aud_ds.npy and au.csv from datasets/Obama in its own folder, whatever -s says",
        *GAUSSIAN_TALKER_LIMITS,
    ),
    hazards=ONLY_VALIDATION_FRAMES,
)
