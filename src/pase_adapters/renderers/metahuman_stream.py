"""metahuman-stream, LiveTalking's branch ernerf-rtmp: a real-time server; facts: docs/renderer-facts.md.

It serves subjects that were trained in ER-NeRF, on the file that is written here. There is no file for driving: speech
comes in while it runs.
"""

from dataclasses import replace

from pase_adapters.hazards import Hazards, RealTimePath
from pase_adapters.renderers import er_nerf
from pase_adapters.spec import Command
from pase_adapters.streaming.hook import METAHUMAN_STREAM

SPEC = replace(
    er_nerf.SPEC,
    name="metahuman-stream",
    description="metahuman-stream (LiveTalking's branch ernerf-rtmp): real-time server of subjects trained in ER-NeRF",
    project_url="https://github.com/lipku/LiveTalking",
    commit="4063ff9a67fb02a353cf8a46c35100e0df66a30e",
    licence="Apache-2.0; ER-NeRF, which it holds a copy of, is MIT",
    slots=(er_nerf.SPEC.slot("esperanto"), er_nerf.SPEC.slot("hubert")),
    training_commands=(
        *(replace(command, title=f"in ER-NeRF: {command.title}") for command in er_nerf.SPEC.training_commands[:3]),
        Command(
            "in metahuman-stream: serve the torso's checkpoint",
            "pase-adapt run --renderer metahuman-stream -- app.py --model ernerf --transport webrtc "
            "--pose {data}/transforms_train.json --au {data}/au.csv --ckpt PATH/TO/CHECKPOINT.pth "
            "-l 10 -m 8 -r 10 {switch}",
        ),
    ),
    driving_commands=(),
    launch=None,
    stream=METAHUMAN_STREAM,
    hazards=Hazards(real_time=RealTimePath()),
    proven="its own ring buffer, streamed, on a CPU: windows as in the file",
    limits=("fewer than 8 chunks at a time (-m) overwrite its ring: refused",),
)
