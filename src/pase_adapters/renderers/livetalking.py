"""LiveTalking: a real-time server; facts and how they were checked: docs/renderer-facts.md.

Its ``ultralight`` avatars are trained in Ultralight-Digital-Human, on the file that is written here. There is no file
for driving: speech comes in while it runs.
"""

from pase_adapters.renderers.ultralight import HUBERT, NEEDS, PICTURES, TRAIN
from pase_adapters.spec import Command, RendererSpec
from pase_adapters.streaming.hook import LIVETALKING

_WEIGHTS = (
    "{python} -c \"import sys, torch; torch.save(torch.load(sys.argv[1], map_location='cpu')['model'], sys.argv[2])\" "
    "{workspace}/last.pth {workspace}/ultralight.pth"
)

SPEC = RendererSpec(
    name="livetalking",
    description="LiveTalking: real-time server; its ultralight avatars, trained in Ultralight-Digital-Human",
    project_url="https://github.com/lipku/LiveTalking",
    commit="a5a77f4c395c8347789a16da1843cd1b08b48eea",
    licence="Apache-2.0",
    slots=(HUBERT,),
    pictures=PICTURES,
    needs=NEEDS,
    training_commands=(
        Command("in Ultralight-Digital-Human: train", TRAIN.line),
        Command("there: take the weights out of its checkpoint", _WEIGHTS),
        Command(
            "in LiveTalking: make the avatar of VIDEO.mp4",
            "{python} -m avatars.ultralight.genavatar --video_path VIDEO.mp4 --avatar_id {workspace} "
            "--checkpoint PATH/TO/{workspace}/ultralight.pth",
        ),
        Command(
            "serve it",
            "pase-adapt run --renderer livetalking -- app.py --transport webrtc --model ultralight "
            "--avatar_id {workspace} -r 12",
        ),
    ),
    driving_commands=(),
    stream=LIVETALKING,
    proven="its own batches, streamed, on a CPU: windows as in the file",
    limits=("only ultralight avatars take features that can be replaced",),
)
